#include "tun_object.h"

#include <limits>
#include <utility>

#include "arguments.h"
#include "environment.h"
#include "native_error.h"

namespace netloom {

namespace {

constexpr std::int64_t kMaxId = std::numeric_limits<std::uint32_t>::max();

}  // namespace

void TunObject::define(Napi::Env env) {
  Environment::of(env).queue_class = Napi::Persistent(DefineClass(
      env, "TunQueue",
      {InstanceAccessor<&TunObject::fd>("fd"), InstanceAccessor<&TunObject::ifname>("ifname"),
       InstanceAccessor<&TunObject::flags>("flags"),
       InstanceMethod<&TunObject::get_vnet_header_size>("getVnetHeaderSize"),
       InstanceMethod<&TunObject::set_vnet_header_size>("setVnetHeaderSize"),
       InstanceMethod<&TunObject::set_offload>("setOffload"),
       InstanceMethod<&TunObject::set_persist>("setPersist"),
       InstanceMethod<&TunObject::set_owner>("setOwner"),
       InstanceMethod<&TunObject::set_group>("setGroup"),
       InstanceMethod<&TunObject::set_attached>("setAttached"),
       InstanceMethod<&TunObject::set_carrier>("setCarrier"),
       InstanceMethod<&TunObject::set_send_buffer>("setSendBuffer"),
       InstanceMethod<&TunObject::close>("close")}));
}

Napi::Value TunObject::create(Napi::Env env, TunQueue queue) {
  Environment& environment = Environment::of(env);
  environment.pending_queue = std::move(queue);
  return environment.queue_class.New({});
}

TunObject::TunObject(Info info) : ObjectWrap(info) {
  queue_ = std::exchange(Environment::of(info.Env()).pending_queue, std::nullopt);
  if (!queue_) throw illegal_constructor(info.Env());
}

Napi::Value TunObject::fd(Info info) { return Napi::Number::New(info.Env(), queue_->fd()); }

Napi::Value TunObject::ifname(Info info) { return Napi::String::New(info.Env(), queue_->ifname()); }

Napi::Value TunObject::flags(Info info) {
  return guarded(info.Env(), [&] { return Napi::Number::New(info.Env(), queue_->flags()); });
}

Napi::Value TunObject::get_vnet_header_size(Info info) {
  return guarded(info.Env(), [&] { return Napi::Number::New(info.Env(), queue_->vnet_header_size()); });
}

void TunObject::set_vnet_header_size(Info info) {
  const int bytes = int_argument(info[0], "bytes");
  guarded(info.Env(), [&] { queue_->set_vnet_header_size(bytes); });
}

void TunObject::set_offload(Info info) {
  const unsigned flags = unsigned_argument(info[0], "flags");
  guarded(info.Env(), [&] { queue_->set_offload(flags); });
}

void TunObject::set_persist(Info info) {
  const bool persist = boolean_argument(info[0], "persist");
  guarded(info.Env(), [&] { queue_->set_persist(persist); });
}

void TunObject::set_owner(Info info) {
  const std::int64_t uid = integer_argument(info[0], "uid", -1, kMaxId);
  guarded(info.Env(), [&] { queue_->set_owner(uid); });
}

void TunObject::set_group(Info info) {
  const std::int64_t gid = integer_argument(info[0], "gid", -1, kMaxId);
  guarded(info.Env(), [&] { queue_->set_group(gid); });
}

void TunObject::set_attached(Info info) {
  const bool attached = boolean_argument(info[0], "attached");
  guarded(info.Env(), [&] { queue_->set_attached(attached); });
}

void TunObject::set_carrier(Info info) {
  const bool carrier = boolean_argument(info[0], "carrier");
  guarded(info.Env(), [&] { queue_->set_carrier(carrier); });
}

void TunObject::set_send_buffer(Info info) {
  const int bytes = int_argument(info[0], "bytes");
  guarded(info.Env(), [&] { queue_->set_send_buffer(bytes); });
}

void TunObject::close(Info) { queue_->close(); }

}  // namespace netloom
