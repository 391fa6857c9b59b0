{
  'targets': [
    {
      'target_name': 'libbpf_ts',
      'product_name': 'libbpf_ts',
      'sources': [
        'addon/args.cpp',
        'addon/error.cpp',
        'addon/features.cpp',
        'addon/handle.cpp',
        'addon/kinds.cpp',
        'addon/link.cpp',
        'addon/main.cpp',
        'addon/map.cpp',
        'addon/map_bulk.cpp',
        'addon/netlink.cpp',
        'addon/object.cpp',
        'addon/perfbuf.cpp',
        'addon/portion.cpp',
        'addon/program.cpp',
        'addon/ringbuf.cpp',
        'addon/socket.cpp',
        'addon/tc.cpp',
        'addon/tc_list.cpp',
        'addon/watch.cpp',
      ],
      # -isystem: warnings are wanted for this code, not for the headers it stands on
      'cflags': ['-Wall', '-Wextra', '-isystem', '<!(node -p "require(\'node-addon-api\').include.slice(1, -1)")'],
      'cflags_cc': ['-std=c++17', '-fexceptions'],
      'cflags_cc!': ['-fno-exceptions', '-fno-rtti'],
      'cflags!': ['-Wno-unused-parameter'],
      # NODE_API_SWALLOW_...: a call made while a worker thread is being terminated must not end the process
      'defines': [
        'NAPI_VERSION=8',
        'NAPI_CPP_EXCEPTIONS',
        'NODE_ADDON_API_CPP_EXCEPTIONS_ALL',
        'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
        '_GNU_SOURCE',
      ],
      # nodelete: libbpf and V8 keep pointers into this code beyond the worker thread that was the only one to load it
      'libraries': ['-lbpf', '-Wl,-z,nodelete'],
    },
  ],
}
