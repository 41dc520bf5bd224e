#include "intercept/opencl/stamps.hpp"

namespace flexai::opencl {
namespace {

// What clocks of different crystals and late callbacks may differ by over `span`.
constexpr Nanos Tolerance(Nanos span) noexcept { return span / 8 + 200 * kMicrosecond; }

}  // namespace

bool ArePossible(const StampedCommand& command) noexcept {
  if (command.end == 0 || command.end < command.start) return false;
  const Nanos in_driver = command.seen_ended_ns - command.could_start_ns;
  return command.end - command.start <=
         static_cast<std::uint64_t>((in_driver > 0 ? in_driver : 0) + Tolerance(in_driver > 0 ? in_driver : 0));
}

StampsVerdict StampsJudge::Observe(const StampedCommand& command) noexcept {
  if (verdict_ != StampsVerdict::kUnknown) return verdict_;
  if (!ArePossible(command)) {
    if (++disagreements_ >= kEnoughDisagreements) verdict_ = StampsVerdict::kDisagree;
    return verdict_;
  }
  if (!begun_) {
    begun_ = true;
    first_end_ = command.end;
    first_seen_ns_ = command.seen_ended_ns;
    return verdict_;
  }
  const Nanos host = command.seen_ended_ns - first_seen_ns_;
  if (host < next_look_ns_) return verdict_;
  // Farther apart each time, so that what disturbs one look weighs less in the next.
  next_look_ns_ = 2 * host;
  const auto device = static_cast<Nanos>(command.end - first_end_);
  const Nanos difference = device > host ? device - host : host - device;
  if (difference <= Tolerance(host)) {
    if (++agreements_ >= kEnoughAgreements) verdict_ = StampsVerdict::kAgree;
  } else if (++disagreements_ >= kEnoughDisagreements) {
    verdict_ = StampsVerdict::kDisagree;
  }
  return verdict_;
}

}  // namespace flexai::opencl
