#include "netlink_object.h"

#include <utility>

#include "arguments.h"
#include "environment.h"
#include "listener.h"
#include "native_error.h"
#include "request_channel.h"

namespace netloom {

void NetlinkObject::define(Napi::Env env) {
  Environment::of(env).socket_class = Napi::Persistent(DefineClass(
      env, "NetlinkSocket",
      {InstanceAccessor<&NetlinkObject::fd>("fd"), InstanceAccessor<&NetlinkObject::port_id>("portId"),
       InstanceAccessor<&NetlinkObject::receive_buffer>("receiveBuffer"),
       InstanceMethod<&NetlinkObject::exchange_sync>("exchangeSync"),
       InstanceMethod<&NetlinkObject::exchange>("exchange"), InstanceMethod<&NetlinkObject::join>("join"),
       InstanceMethod<&NetlinkObject::leave>("leave"), InstanceMethod<&NetlinkObject::listen>("listen"),
       InstanceMethod<&NetlinkObject::ref>("ref"), InstanceMethod<&NetlinkObject::unref>("unref"),
       InstanceMethod<&NetlinkObject::close>("close")}));
}

Napi::Value NetlinkObject::create(Napi::Env env, std::shared_ptr<NetlinkSocket> socket) {
  Environment& environment = Environment::of(env);
  environment.pending_socket = std::move(socket);
  return environment.socket_class.New({});
}

NetlinkObject::NetlinkObject(Info info)
    : ObjectWrap(info), socket_(std::move(Environment::of(info.Env()).pending_socket)) {
  if (!socket_) throw illegal_constructor(info.Env());
  queue_ = std::make_shared<RequestPool::Queue>();
}

NetlinkObject::~NetlinkObject() {
  if (listener_) listener_->stop();
  if (socket_) socket_->close();
}

Napi::Value NetlinkObject::fd(Info info) { return Napi::Number::New(info.Env(), socket_->fd()); }

Napi::Value NetlinkObject::port_id(Info info) { return Napi::Number::New(info.Env(), socket_->port_id()); }

Napi::Value NetlinkObject::receive_buffer(Info info) {
  return Napi::Number::New(info.Env(), socket_->receive_buffer());
}

// A listening socket's answers would be read by whoever comes first.
void NetlinkObject::refuse_while_listening(const char* call) const {
  if (listener_) throw SystemError(EBUSY, call);
}

Napi::Value NetlinkObject::exchange_sync(Info info) {
  const ByteView request = bytes_argument(info[0], "request");
  return guarded(info.Env(), [&] {
    refuse_while_listening("exchange");
    const napi_value replies = uint8_array(info.Env(), socket_->exchange(request));
    if (replies == nullptr) throw Napi::Error::New(info.Env());
    return Napi::Value(info.Env(), replies);
  });
}

Napi::Value NetlinkObject::exchange(Info info) {
  const ByteView request = bytes_argument(info[0], "request");
  return guarded(info.Env(), [&] {
    refuse_while_listening("exchange");
    auto& channel = Environment::of(info.Env()).requests;
    if (!channel) channel = RequestChannel::create(info.Env());
    Bytes copy(request.begin(), request.end());
    return Napi::Value(info.Env(), channel->exchange(info.Env(), socket_, queue_, std::move(copy)));
  });
}

void NetlinkObject::join(Info info) {
  const unsigned group = unsigned_argument(info[0], "group");
  guarded(info.Env(), [&] { socket_->join(group); });
}

void NetlinkObject::leave(Info info) {
  const unsigned group = unsigned_argument(info[0], "group");
  guarded(info.Env(), [&] { socket_->leave(group); });
}

void NetlinkObject::listen(Info info) {
  if (!info[0].IsFunction()) throw argument_error(info.Env(), "callback", "a function");
  guarded(info.Env(), [&] {
    refuse_while_listening("listen");
    listener_ = Listener::start(info.Env(), socket_, info[0]);
  });
  if (!referenced_) listener_->unref();
  Ref();  // a socket that listens is in use even when JavaScript holds only the callback
}

void NetlinkObject::ref(Info) {
  referenced_ = true;
  if (listener_) listener_->ref();
}

void NetlinkObject::unref(Info) {
  referenced_ = false;
  if (listener_) listener_->unref();
}

void NetlinkObject::close(Info) {
  socket_->close();
  if (!listener_) return;
  std::exchange(listener_, nullptr)->stop();  // lets go of the descriptor, which ends here
  Unref();
}

}  // namespace netloom
