#pragma once

#include <node_api.h>

#include <cstddef>
#include <memory>
#include <optional>

#include "netlink_socket.h"
#include "uv_poll.h"

namespace netloom {

/**
 * A uv_poll on a netlink socket. Lives until libuv has let go of the handle, whatever becomes of the
 * JavaScript object; a cleanup hook closes it with its environment, since uv_loop_close() aborts the process
 * over an open handle. JavaScript thread only.
 */
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  static std::shared_ptr<Listener> start(napi_env env, std::shared_ptr<NetlinkSocket> socket,
                                         napi_value callback);

  void ref();
  void unref();

  /** Ends it; no callback comes after. The socket's descriptor is no longer used when this returns. */
  void stop();

  explicit Listener(napi_env env, std::shared_ptr<NetlinkSocket> socket);
  ~Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

 private:
  static Listener& of(uv_handle_s* handle);
  static void on_readable(uv_handle_s* handle, int status, int events);
  static void on_closed(uv_handle_s* handle);
  static void on_environment_end(napi_async_cleanup_hook_handle hook, void* listener);

  uv_handle_s* handle() { return reinterpret_cast<uv_handle_s*>(memory_.get()); }
  void open(napi_value callback);
  void drain();
  void deliver(int error, ByteView messages);
  void forget_callback();

  napi_env env_;
  std::shared_ptr<NetlinkSocket> socket_;
  std::optional<NetlinkSocket::Use> use_;
  std::unique_ptr<std::byte[]> memory_;
  napi_ref callback_ = nullptr;
  napi_async_context context_ = nullptr;
  napi_async_cleanup_hook_handle hook_ = nullptr;
  std::shared_ptr<Listener> self_;  // while libuv has the handle
  bool stopped_ = false;
};

}  // namespace netloom
