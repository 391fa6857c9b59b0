// SPDX-License-Identifier: Apache-2.0
// Memory mapped from a descriptor, with exactly one owner.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <utility>

namespace libbpf_ts {

inline size_t PageSize() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

class Mapping {
 public:
  Mapping() = default;
  // Not open when the kernel refused; errno says why.
  Mapping(int fd, size_t size, int protection) : size_(size) {
    void* memory = mmap(nullptr, size, protection, MAP_SHARED, fd, 0);
    if (memory != MAP_FAILED) memory_ = memory;
  }
  Mapping(Mapping&& other) noexcept : memory_(std::exchange(other.memory_, nullptr)), size_(other.size_) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(size_, other.size_);
    return *this;
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { Unmap(); }

  bool open() const { return memory_ != nullptr; }
  void* get() const { return memory_; }
  void* release() { return std::exchange(memory_, nullptr); }
  void Unmap() {
    if (memory_ != nullptr) munmap(release(), size_);
  }

 private:
  void* memory_ = nullptr;
  size_t size_ = 0;
};

}  // namespace libbpf_ts
