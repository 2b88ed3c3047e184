#include <napi.h>

#include <utility>

#include "arguments.h"
#include "descriptor.h"
#include "environment.h"
#include "file_lock.h"
#include "mount.h"
#include "native_error.h"
#include "netlink_object.h"
#include "netns.h"
#include "request_channel.h"
#include "request_pool.h"
#include "sysctl.h"
#include "thread_in_netns.h"
#include "tun_object.h"

// NativeBinding of index.d.ts, in its order.

namespace netloom {

namespace {

using Info = const Napi::CallbackInfo&;

Napi::Value open_netns_function(Info info) {
  const std::string path = string_argument(info[0], "path");
  return guarded(info.Env(), [&] { return Descriptor::create(info.Env(), open_netns(path)); });
}

Napi::Value current_netns_function(Info info) {
  return guarded(info.Env(), [&] { return Descriptor::create(info.Env(), current_netns()); });
}

Napi::Value create_netns_function(Info info) {
  return guarded(info.Env(), [&] { return Descriptor::create(info.Env(), create_netns()); });
}

Napi::Value netns_identity_function(Info info) {
  const int netns = Descriptor::argument(info[0], "netns");
  return guarded(info.Env(), [&] {
    const NetnsIdentity identity = netns_identity(netns);
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("dev", Napi::BigInt::New(info.Env(), identity.dev));
    result.Set("ino", Napi::BigInt::New(info.Env(), identity.ino));
    return result;
  });
}

Napi::Value open_netlink_function(Info info) {
  const auto netns = Descriptor::nullable_argument(info[0], "netns");
  const int protocol = int_argument(info[1], "protocol");
  const int receive_buffer = int_argument(info[2], "receiveBuffer");
  if (receive_buffer < 0) throw argument_error(info.Env(), "receiveBuffer", "0 or more");
  return guarded(info.Env(), [&] {
    auto socket = in_netns(netns, [&] { return NetlinkSocket::open(protocol, receive_buffer); });
    return NetlinkObject::create(info.Env(), std::move(socket));
  });
}

Napi::Value open_tun_function(Info info) {
  const auto netns = Descriptor::nullable_argument(info[0], "netns");
  if (!info[1].IsObject()) throw argument_error(info.Env(), "request", "an object");
  const auto request = info[1].As<Napi::Object>();
  const std::string ifname = string_argument(request.Get("ifname"), "request.ifname");
  const unsigned flags = unsigned_argument(request.Get("flags"), "request.flags");
  const int ifindex = int_argument(request.Get("ifindex"), "request.ifindex");
  return guarded(info.Env(), [&] {
    TunQueue queue = in_netns(netns, [&] { return TunQueue::open(ifname, flags, ifindex); });
    return TunObject::create(info.Env(), std::move(queue));
  });
}

Napi::Value tun_features_function(Info info) {
  return guarded(info.Env(), [&] { return Napi::Number::New(info.Env(), tun_features()); });
}

Napi::Value open_sysctl_function(Info info) {
  const auto netns = Descriptor::nullable_argument(info[0], "netns");
  const std::string path = string_argument(info[1], "path");
  const bool write = boolean_argument(info[2], "write");
  return guarded(info.Env(), [&] {
    return Descriptor::create(info.Env(), in_netns(netns, [&] { return open_sysctl(path, write); }));
  });
}

void bind_mount_function(Info info) {
  const std::string source = string_argument(info[0], "source");
  const std::string target = string_argument(info[1], "target");
  guarded(info.Env(), [&] { bind_mount(source, target); });
}

void share_mount_function(Info info) {
  const std::string directory = string_argument(info[0], "directory");
  guarded(info.Env(), [&] { share_mount(directory); });
}

void unmount_function(Info info) {
  const std::string target = string_argument(info[0], "target");
  guarded(info.Env(), [&] { unmount(target); });
}

Napi::Value try_lock_function(Info info) {
  const int fd = int_argument(info[0], "fd");
  return guarded(info.Env(), [&] { return Napi::Boolean::New(info.Env(), try_lock(fd)); });
}

Napi::Value request_threads_function(Info info) {
  return Napi::Number::New(info.Env(), static_cast<double>(RequestPool::shared().threads()));
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new Environment);  // Node-API owns it from here
  Descriptor::define(env);
  NetlinkObject::define(env);
  TunObject::define(env);
  const auto add = [&](const char* name, auto function) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  add("openNetns", open_netns_function);
  add("currentNetns", current_netns_function);
  add("createNetns", create_netns_function);
  add("netnsIdentity", netns_identity_function);
  add("openNetlink", open_netlink_function);
  add("openTun", open_tun_function);
  add("tunFeatures", tun_features_function);
  add("openSysctl", open_sysctl_function);
  add("bindMount", bind_mount_function);
  add("shareMount", share_mount_function);
  add("unmount", unmount_function);
  add("tryLock", try_lock_function);
  add("requestThreads", request_threads_function);
  return exports;
}

}  // namespace

}  // namespace netloom

static Napi::Object initialize_addon(Napi::Env env, Napi::Object exports) {
  return netloom::initialize(env, exports);
}

NODE_API_MODULE(netloom, initialize_addon)
