#pragma once

#include <napi.h>

#include <optional>

#include "tun.h"

namespace netloom {

/** TunQueue of index.d.ts. */
class TunObject : public Napi::ObjectWrap<TunObject> {
 public:
  static void define(Napi::Env env);
  static Napi::Value create(Napi::Env env, TunQueue queue);

  explicit TunObject(const Napi::CallbackInfo& info);

 private:
  using Info = const Napi::CallbackInfo&;

  Napi::Value fd(Info info);
  Napi::Value ifname(Info info);
  Napi::Value flags(Info info);
  Napi::Value get_vnet_header_size(Info info);
  void set_vnet_header_size(Info info);
  void set_offload(Info info);
  void set_persist(Info info);
  void set_owner(Info info);
  void set_group(Info info);
  void set_attached(Info info);
  void set_carrier(Info info);
  void set_send_buffer(Info info);
  void close(Info info);

  std::optional<TunQueue> queue_;  // set by the constructor
};

}  // namespace netloom
