#include "listener.h"

#include <napi.h>

#include <cstring>
#include <utility>

#include "request_channel.h"
#include "system_error.h"

namespace netloom {

namespace {

constexpr std::size_t kMaxDelivery = std::size_t{256} * 1024;

/** Calls JavaScript from the event loop. Never throws: in a worker that is ending nothing can be thrown. */
void call_javascript(napi_env env, napi_async_context context, napi_ref function, int error,
                     napi_value bytes) {
  napi_value global = nullptr;
  napi_value callback = nullptr;
  napi_value arguments[2] = {nullptr, bytes};
  if (napi_get_global(env, &global) != napi_ok) return;
  if (napi_get_reference_value(env, function, &callback) != napi_ok || callback == nullptr) return;
  if (napi_create_int32(env, error, &arguments[0]) != napi_ok) return;
  const napi_status status = napi_make_callback(env, context, global, callback, 2, arguments, nullptr);
  if (status != napi_pending_exception) return;
  napi_value thrown = nullptr;
  if (napi_get_and_clear_last_exception(env, &thrown) == napi_ok) napi_fatal_exception(env, thrown);
}

}  // namespace

namespace uv {

bool is_supported() {
  if (uv_poll_init == nullptr || uv_handle_type_name == nullptr) return false;
  const char* const name = uv_handle_type_name(kPoll);
  return name != nullptr && std::strcmp(name, "poll") == 0;
}

}  // namespace uv

std::shared_ptr<Listener> Listener::start(napi_env env, std::shared_ptr<NetlinkSocket> socket,
                                          napi_value callback) {
  if (!uv::is_supported()) throw SystemError(ENOSYS, "uv_poll_init");
  auto listener = std::make_shared<Listener>(env, std::move(socket));
  listener->open(callback);
  return listener;
}

Listener::Listener(napi_env env, std::shared_ptr<NetlinkSocket> socket)
    : env_(env),
      socket_(std::move(socket)),
      memory_(std::make_unique<std::byte[]>(uv_handle_size(uv::kPoll))) {
  use_.emplace(*socket_);
}

void Listener::open(napi_value callback) {
  uv_loop_s* loop = nullptr;
  napi_value name = nullptr;
  bool ready = napi_get_uv_event_loop(env_, &loop) == napi_ok &&
               napi_create_string_utf8(env_, "netloom:listen", NAPI_AUTO_LENGTH, &name) == napi_ok &&
               napi_create_reference(env_, callback, 1, &callback_) == napi_ok &&
               napi_async_init(env_, nullptr, name, &context_) == napi_ok;
  const int status = ready ? uv_poll_init(loop, handle(), use_->fd()) : -ENOMEM;
  if (status < 0) {
    forget_callback();
    throw SystemError(-status, "uv_poll_init");
  }
  uv_handle_set_data(handle(), this);
  self_ = shared_from_this();
  ready = napi_add_async_cleanup_hook(env_, on_environment_end, this, &hook_) == napi_ok;
  if (ready) ready = uv_poll_start(handle(), uv::kReadable, on_readable) == 0;
  if (ready) return;
  stop();
  throw SystemError(ENOMEM, "uv_poll_start");
}

void Listener::ref() {
  if (!stopped_) uv_ref(handle());
}

void Listener::unref() {
  if (!stopped_) uv_unref(handle());
}

void Listener::stop() {
  if (std::exchange(stopped_, true)) return;
  uv_poll_stop(handle());
  uv_close(handle(), on_closed);
  use_.reset();
}

void Listener::forget_callback() {
  if (callback_ != nullptr) napi_delete_reference(env_, std::exchange(callback_, nullptr));
  if (context_ != nullptr) napi_async_destroy(env_, std::exchange(context_, nullptr));
}

Listener& Listener::of(uv_handle_s* handle) { return *static_cast<Listener*>(uv_handle_get_data(handle)); }

void Listener::on_environment_end(napi_async_cleanup_hook_handle, void* listener) {
  static_cast<Listener*>(listener)->stop();
}

// The async context is let go here and not in stop(): JavaScript may stop the listener from its callback,
// inside of that context.
void Listener::on_closed(uv_handle_s* handle) {
  const std::shared_ptr<Listener> self = std::move(of(handle).self_);
  napi_handle_scope scope = nullptr;
  if (napi_open_handle_scope(self->env_, &scope) == napi_ok) {
    self->forget_callback();
    napi_close_handle_scope(self->env_, scope);
  }
  if (self->hook_ != nullptr) napi_remove_async_cleanup_hook(self->hook_);
}

void Listener::on_readable(uv_handle_s* handle, int status, int) {
  const std::shared_ptr<Listener> self = of(handle).shared_from_this();
  napi_handle_scope scope = nullptr;
  if (napi_open_handle_scope(self->env_, &scope) != napi_ok) return;
  try {
    self->drain();
  } catch (const std::exception&) {
    self->deliver(ENOMEM, {});
  }
  // A lost message makes the socket POLLERR, and uv__poll_io() stops a handle over that.
  if (status < 0 && !self->stopped_) uv_poll_start(handle, uv::kReadable, on_readable);
  napi_close_handle_scope(self->env_, scope);
}

void Listener::drain() {
  int lost = 0;
  int error = 0;
  do {
    Bytes messages;
    error = socket_->receive(messages, kMaxDelivery);
    if (!messages.empty()) deliver(0, messages);
    if (error != 0 && error != EAGAIN) lost = error;
  } while (!stopped_ && (error == ENOBUFS || error == EMSGSIZE || (lost != 0 && error == 0)));
  // netlink_overrun() reports a loss ahead of what is still queued, and until the queue is empty the kernel
  // drops more without a word (NETLINK_S_CONGESTED). Told last, it is answered by a socket that hears.
  if (lost != 0 && !stopped_) deliver(lost, {});
}

void Listener::deliver(int error, ByteView messages) {
  napi_value bytes = nullptr;
  if (error == 0) {
    bytes = uint8_array(env_, messages);
  } else {
    napi_get_null(env_, &bytes);
  }
  if (bytes != nullptr) call_javascript(env_, context_, callback_, error, bytes);
}

}  // namespace netloom
