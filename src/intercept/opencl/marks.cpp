#include "intercept/opencl/marks.hpp"

namespace flexai::opencl {

namespace {

// Counted with the same lease.
bool SameLease(const slice::Ticket& a, const slice::Ticket& b) noexcept { return a.sequence == b.sequence && a.leased == b.leased; }

}  // namespace

bool Marks::TryMember(const slice::Ticket& ticket) noexcept {
  const intercept::ForkSafeLock lock(mutex_);
  if (tail_.count >= kMostMembers || tail_.ticket.estimate_ns + ticket.estimate_ns > kInterval) return false;
  if (pending_ == 0 && !ticket.alone) return false;
  return tail_.count == 0 || SameLease(tail_.ticket, ticket);
}

Batch Marks::BeginMark() noexcept {
  const intercept::ForkSafeLock lock(mutex_);
  ++pending_;
  const Batch carried = tail_;
  tail_ = {};
  return carried;
}

// With `mutex_` held. When the lease changed hands between two members, the older part is closed at once.
bool Marks::Append(const Batch& more, Batch& older) noexcept {
  if (tail_.count != 0 && !SameLease(tail_.ticket, more.ticket)) {
    ++pending_;
    older = tail_;
    tail_ = more;
    return true;
  }
  if (tail_.count == 0) {
    tail_ = more;
  } else {
    tail_.count += more.count;
    tail_.dense = tail_.dense && more.dense;
    tail_.ticket.estimate_ns += more.ticket.estimate_ns;
  }
  return false;
}

bool Marks::Joined(const slice::Ticket& ticket, Batch& older) noexcept {
  const intercept::ForkSafeLock lock(mutex_);
  return Append({1, pending_ != 0, ticket}, older);
}

bool Marks::Refused(const Batch& carried, Batch& older) noexcept {
  const intercept::ForkSafeLock lock(mutex_);
  --pending_;
  return carried.count != 0 && Append(carried, older);
}

bool Marks::Ended() noexcept {
  const intercept::ForkSafeLock lock(mutex_);
  --pending_;
  return pending_ == 0 && tail_.count != 0;
}

bool Marks::Close(Batch& tail) noexcept {
  const intercept::ForkSafeLock lock(mutex_);
  return TakeTail(tail);
}

bool Marks::CloseOpen(Batch& tail) noexcept {
  const intercept::ForkSafeLock lock(mutex_);
  return pending_ == 0 && TakeTail(tail);
}

bool Marks::HasOpenTail() noexcept {
  const intercept::ForkSafeLock lock(mutex_);
  return pending_ == 0 && tail_.count != 0;
}

// With `mutex_` held.
bool Marks::TakeTail(Batch& tail) noexcept {
  if (tail_.count == 0) return false;
  ++pending_;
  tail = tail_;
  tail_ = {};
  return true;
}

void Marks::Reset() noexcept {
  const intercept::ForkSafeLock lock(mutex_);
  pending_ = 0;
  tail_ = {};
}

}  // namespace flexai::opencl
