#pragma once

#include <node_api.h>

#include <cstddef>
#include <memory>
#include <mutex>

#include "netlink_socket.h"
#include "request_pool.h"

namespace netloom {

/**
 * The way back from the request threads to one JavaScript thread: one threadsafe function for all promises,
 * which keeps the event loop alive only while some are outstanding.
 *
 * Request threads outlive workers, and Node frees a worker's threadsafe function with its environment,
 * whoever still holds it. So nobody but this object, which both sides share, has the pointer; disconnect()
 * takes it away, under the lock that every delivery holds.
 */
class RequestChannel : public std::enable_shared_from_this<RequestChannel> {
 public:
  static std::shared_ptr<RequestChannel> create(napi_env env);

  /** JavaScript thread only. Resolves with a Uint8Array or rejects with a NativeError. */
  napi_value exchange(napi_env env, std::shared_ptr<NetlinkSocket> socket,
                      const std::shared_ptr<RequestPool::Queue>& queue, Bytes request);

 private:
  struct Reply;

  static void on_reply(napi_env env, napi_value callback, void* context, void* data);
  static void disconnect(void* channel);

  void deliver(std::unique_ptr<Reply> reply);
  void settle(napi_env env, const Reply& reply);

  std::mutex mutex_;
  napi_threadsafe_function function_ = nullptr;  // with mutex_; null once the environment ends
  std::size_t outstanding_ = 0;                  // JavaScript thread only
};

/** A Uint8Array with memory of its own; null when the environment is ending. */
napi_value uint8_array(napi_env env, ByteView bytes);

}  // namespace netloom
