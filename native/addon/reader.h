// SPDX-License-Identifier: Apache-2.0
// What the readers of ring buffers and perf buffers have in common: records out on the event loop, in bounded
// portions, no thread.
#pragma once

#include <errno.h>
#include <napi.h>

#include <exception>
#include <initializer_list>
#include <vector>

#include "args.h"
#include "error.h"
#include "fd.h"
#include "handle.h"
#include "portion.h"
#include "watch.h"

namespace libbpf_ts {

// T(mapDescriptor, maxRecords, maxBytes, onRecords, …)
//   onRecords  (bytes, lengths, cpus, more): the records of one portion, one after another
// It keeps the process alive until unref() or close(), and itself until close().
template <typename T>
class Reader : public Napi::ObjectWrap<T>, protected Watched {
 protected:
  Reader(const Napi::CallbackInfo& info, const char* kind, const char* operation)
      : Napi::ObjectWrap<T>(info), kind_(kind), operation_(operation) {
    Napi::Env env = info.Env();
    map_ = Fd::Duplicate(static_cast<int>(UintArg(info, 0, "map")));
    uint32_t maxRecords = UintArg(info, 1, "maxRecords");
    portion_.Limit(maxRecords, UintArg(info, 2, "maxBytes"));
    if (!info[3].IsFunction()) throw Napi::TypeError::New(env, "onRecords must be a function");
    onRecords_ = Napi::Persistent(info[3].template As<Napi::Function>());
    if (!map_.open()) ThrowBpf(env, operation, "", errno);
    Expect(env, map_, Kind::map, "map");
  }

  static std::vector<Napi::ClassPropertyDescriptor<T>> Methods(
      std::initializer_list<Napi::ClassPropertyDescriptor<T>> more) {
    std::vector<Napi::ClassPropertyDescriptor<T>> methods = {
        T::InstanceMethod("pause", static_cast<Method>(&Reader::Pause)),
        T::InstanceMethod("resume", static_cast<Method>(&Reader::Resume)),
        T::InstanceMethod("ref", static_cast<Method>(&Reader::Hold)),
        T::InstanceMethod("unref", static_cast<Method>(&Reader::Release)),
        T::InstanceMethod("consume", static_cast<Getter>(&Reader::Consume)),
        T::InstanceMethod("close", static_cast<Method>(&Reader::CloseNow)),
    };
    methods.insert(methods.end(), more);
    return methods;
  }

  // Fills the portion. True when it ended at its bound: there may be more.
  virtual bool Collect(Portion& portion) = 0;
  // Gives libbpf's reader back.
  virtual void Free() = 0;

  void Start(int epoll) {
    watch_.Start(this->Env(), epoll, this, operation_);
    this->Ref();
  }

  // Takes the descriptor off the loop before it is given back.
  void Stop() {
    watch_.Stop();
    Free();
    map_.Close();
  }

  void Need(Napi::Env env) const {
    if (!watch_.running()) ThrowClosed(env, kind_, "");
  }

  int map() const { return map_.get(); }

 private:
  using Method = void (T::*)(const Napi::CallbackInfo&);
  using Getter = Napi::Value (T::*)(const Napi::CallbackInfo&);

  void OnTeardown() noexcept override { Stop(); }

  void OnReadable(int status) noexcept override {
    Napi::Env env = this->Env();
    if (status < 0) return;
    // The script may close this reader from within its callback; the wrapper must outlast this turn.
    [[maybe_unused]] Napi::Object keep = this->Value();
    try {
      bool more = Collect(portion_);
      if (portion_.count() == 0) return;
      Napi::AsyncContext context(env, "libbpf-ts:RecordReader");
      onRecords_.MakeCallback(env.Global(), Arguments(env, more), context);
    } catch (const Napi::Error& error) {
      napi_fatal_exception(env, error.Value());
    } catch (const std::exception& error) {
      napi_fatal_exception(env, Napi::Error::New(env, error.what()).Value());
    }
  }

  std::vector<napi_value> Arguments(Napi::Env env, bool more) const {
    return {portion_.Bytes(env), portion_.Lengths(env), portion_.Cpus(env), Napi::Boolean::New(env, more)};
  }

  // Reads one portion now and hands it over; returns how many records it had.
  Napi::Value Consume(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    Need(env);
    bool more = Collect(portion_);
    size_t count = portion_.count();
    if (count != 0) onRecords_.Call(Arguments(env, more));
    return Napi::Number::New(env, static_cast<double>(count));
  }

  void Pause(const Napi::CallbackInfo& info) {
    Need(info.Env());
    watch_.Pause();
  }
  void Resume(const Napi::CallbackInfo& info) {
    Need(info.Env());
    watch_.Listen();
  }
  void Hold(const Napi::CallbackInfo& info) {
    Need(info.Env());
    watch_.Hold();
  }
  void Release(const Napi::CallbackInfo& info) {
    Need(info.Env());
    watch_.Release();
  }
  void CloseNow(const Napi::CallbackInfo&) {
    if (!watch_.running()) return;
    Stop();
    onRecords_.Reset();
    this->Unref();
  }

  const char* kind_;
  const char* operation_;
  Fd map_;
  Watch watch_;
  Napi::FunctionReference onRecords_;
  Portion portion_;
};

}  // namespace libbpf_ts
