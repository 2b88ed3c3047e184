#pragma once

#include <napi.h>

#include <memory>

#include "netlink_socket.h"
#include "request_pool.h"

namespace netloom {

class Listener;

/** NetlinkSocket of index.d.ts. */
class NetlinkObject : public Napi::ObjectWrap<NetlinkObject> {
 public:
  static void define(Napi::Env env);
  static Napi::Value create(Napi::Env env, std::shared_ptr<NetlinkSocket> socket);

  explicit NetlinkObject(const Napi::CallbackInfo& info);
  ~NetlinkObject() override;

 private:
  using Info = const Napi::CallbackInfo&;

  Napi::Value fd(Info info);
  Napi::Value port_id(Info info);
  Napi::Value receive_buffer(Info info);
  Napi::Value exchange_sync(Info info);
  Napi::Value exchange(Info info);
  void join(Info info);
  void leave(Info info);
  void listen(Info info);
  void ref(Info info);
  void unref(Info info);
  void close(Info info);

  void refuse_while_listening(const char* call) const;

  std::shared_ptr<NetlinkSocket> socket_;
  std::shared_ptr<RequestPool::Queue> queue_;
  std::shared_ptr<Listener> listener_;  // from listen() to close()
  bool referenced_ = true;
};

}  // namespace netloom
