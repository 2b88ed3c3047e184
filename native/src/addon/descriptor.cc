#include "descriptor.h"

#include <utility>

#include "environment.h"
#include "native_error.h"

namespace netloom {

namespace {

// Prototypes can be changed from JavaScript, so instanceof proves nothing about what an object wraps.
constexpr napi_type_tag kTag{0x6c7a2f0ed1c94b57, 0x9e3b58a4c7d0f126};

}  // namespace

void Descriptor::define(Napi::Env env) {
  Environment::of(env).descriptor_class = Napi::Persistent(DefineClass(
      env, "Descriptor",
      {InstanceAccessor<&Descriptor::fd>("fd"), InstanceMethod<&Descriptor::close>("close")}));
}

Napi::Value Descriptor::create(Napi::Env env, UniqueFd fd) {
  Environment& environment = Environment::of(env);
  environment.pending_descriptor = std::move(fd);
  return environment.descriptor_class.New({});
}

Descriptor::Descriptor(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  auto& pending = Environment::of(info.Env()).pending_descriptor;
  if (!pending) throw illegal_constructor(info.Env());
  fd_ = std::move(*pending);
  pending.reset();
  info.This().As<Napi::Object>().TypeTag(&kTag);
}

int Descriptor::argument(const Napi::Value& value, const char* name) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kTag)) {
    throw argument_error(value.Env(), name, "a Descriptor");
  }
  return Unwrap(value.As<Napi::Object>())->fd_.get();
}

std::optional<int> Descriptor::nullable_argument(const Napi::Value& value, const char* name) {
  if (value.IsNull()) return std::nullopt;
  return argument(value, name);
}

Napi::Value Descriptor::fd(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), fd_.get());
}

void Descriptor::close(const Napi::CallbackInfo&) { fd_.reset(); }

}  // namespace netloom
