#include "request_channel.h"

#include <napi.h>

#include <cstring>
#include <exception>
#include <optional>
#include <utility>

#include "native_error.h"

namespace netloom {

struct RequestChannel::Reply {
  std::shared_ptr<RequestChannel> channel;
  napi_deferred deferred;
  Bytes messages;
  std::optional<SystemError> error;
};

std::shared_ptr<RequestChannel> RequestChannel::create(napi_env env) {
  const auto channel = std::make_shared<RequestChannel>();
  const Napi::String name = Napi::String::New(env, "netloom:exchange");
  napi_status status = napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr,
                                                       nullptr, on_reply, &channel->function_);
  if (status == napi_ok) status = napi_unref_threadsafe_function(env, channel->function_);
  // Registered after the function's own hook, hence run before it. The Environment holds the channel longer.
  if (status == napi_ok) status = napi_add_env_cleanup_hook(env, disconnect, channel.get());
  if (status != napi_ok) throw Napi::Error::New(env);
  return channel;
}

void RequestChannel::disconnect(void* data) {
  auto* const channel = static_cast<RequestChannel*>(data);
  const std::lock_guard lock(channel->mutex_);
  channel->function_ = nullptr;
}

napi_value RequestChannel::exchange(napi_env env, std::shared_ptr<NetlinkSocket> socket,
                                    const std::shared_ptr<RequestPool::Queue>& queue, Bytes request) {
  auto reply = std::make_shared<std::unique_ptr<Reply>>(std::make_unique<Reply>());
  (*reply)->channel = shared_from_this();
  napi_value promise = nullptr;
  if (napi_create_promise(env, &(*reply)->deferred, &promise) != napi_ok) throw Napi::Error::New(env);
  const napi_deferred deferred = (*reply)->deferred;
  try {
    RequestPool::shared().submit(
        queue, [reply, socket = std::move(socket), request = std::move(request)]() mutable {
          Reply& answer = **reply;
          try {
            answer.messages = socket->exchange(request);
          } catch (const SystemError& error) {
            answer.error = error;
          } catch (const std::exception&) {
            answer.error.emplace(ENOMEM, "exchange");
          }
          socket.reset();  // before the promise is settled: who awaits it may count descriptors
          answer.channel->deliver(std::move(*reply));
        });
  } catch (const SystemError& error) {
    napi_reject_deferred(env, deferred, make_native_error(env, error));
    return promise;
  }
  if (outstanding_++ == 0) napi_ref_threadsafe_function(env, function_);
  return promise;
}

void RequestChannel::deliver(std::unique_ptr<Reply> reply) {
  const std::shared_ptr<RequestChannel> self = reply->channel;
  const std::lock_guard lock(mutex_);
  if (function_ == nullptr) return;
  if (napi_call_threadsafe_function(function_, reply.get(), napi_tsfn_nonblocking) == napi_ok) {
    static_cast<void>(reply.release());  // on_reply owns it
  }
}

// No napi.h beyond this point: what it throws in a worker that is being terminated cannot be thrown.
void RequestChannel::on_reply(napi_env env, napi_value, void*, void* data) {
  const std::unique_ptr<Reply> reply(static_cast<Reply*>(data));
  if (env == nullptr) return;  // the queue is emptied after the environment's end
  reply->channel->settle(env, *reply);
}

void RequestChannel::settle(napi_env env, const Reply& reply) {
  // disconnect() may have come between a reply's delivery and this call.
  if (--outstanding_ == 0 && function_ != nullptr) napi_unref_threadsafe_function(env, function_);
  if (!reply.error) {
    const napi_value messages = uint8_array(env, reply.messages);
    if (messages != nullptr) {
      napi_resolve_deferred(env, reply.deferred, messages);
      return;
    }
  }
  const napi_value error = make_native_error(env, reply.error.value_or(SystemError(ENOMEM, "exchange")));
  if (error != nullptr) napi_reject_deferred(env, reply.deferred, error);
}

napi_value uint8_array(napi_env env, ByteView bytes) {
  void* data = nullptr;
  napi_value buffer = nullptr;
  napi_value array = nullptr;
  if (napi_create_arraybuffer(env, bytes.size(), &data, &buffer) != napi_ok) return nullptr;
  if (!bytes.empty()) std::memcpy(data, bytes.data(), bytes.size());
  const napi_status status = napi_create_typedarray(env, napi_uint8_array, bytes.size(), buffer, 0, &array);
  return status == napi_ok ? array : nullptr;
}

}  // namespace netloom
