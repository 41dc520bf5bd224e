#include "slice/testing/simulator.hpp"

#include <algorithm>
#include <cstring>
#include <deque>

#include "slice/gang.hpp"
#include "slice/usage.hpp"

namespace flexai::slice::sim {

struct Command {
  Ticket ticket;
  Nanos remaining;
  Nanos submitted;
  Nanos started = -1;
  bool hung = false;
};

struct Finished {
  Ticket ticket;
  Nanos device, seen;
};

struct Simulator::Device {
  std::unique_ptr<flexai_quota_file> quota = std::make_unique<flexai_quota_file>();
  std::unique_ptr<flexai_state_file> state = std::make_unique<flexai_state_file>();
  RegionView view;
  WakeContext wake_context;
  std::vector<std::deque<Command>> queues;  // by process
  Nanos updated = 0;
  std::uint64_t generation = 0;
};

struct Simulator::Process {
  std::uint32_t index = 0, slot = 0;
  Workload workload;
  std::vector<std::uint32_t> devices;
  std::vector<std::unique_ptr<Arbiter>> arbiters;
  std::vector<Arbiter*> arbiter_pointers;
  bool alive = true, stopped = false, sleeping = false, blocked = false, hang_next = false, waiting_completion = false;
  std::uint64_t generation = 0;  // of the scheduled step: an older one is void
  std::vector<GateState> gates;
  Nanos wanted_since = -1, longest_wait = 0, next_command = 0;
  std::uint32_t turn = 0;  // which of its devices is next
  std::uint32_t left_in_burst = 0;
  Nanos burst_started = 0, next_period = 0;
  std::uint64_t commands = 0;
  std::vector<std::deque<Finished>> finished;  // by device, ended but not yet reported
  std::vector<Nanos> last_mark;
  std::vector<Nanos> bursts;
  Nanos used = 0;
};

Simulator::Simulator(const Options& options) : options_(options), random_(options.seed) {
  for (std::uint32_t d = 0; d < options.devices; ++d) {
    auto device = std::make_unique<Device>();
    std::memset(static_cast<void*>(device->quota.get()), 0, sizeof *device->quota);
    std::memset(static_cast<void*>(device->state.get()), 0, sizeof *device->state);
    device->quota->header.device_memory_bytes = 1ULL << 34;
    device->view = {device->quota.get(), device->state.get()};
    device->wake_context = {this, d};
    device->updated = now_;
    devices_.push_back(std::move(device));
  }
}

Simulator::~Simulator() = default;

Nanos Simulator::Draw(Nanos low, Nanos high) { return low >= high ? low : std::uniform_int_distribution<Nanos>(low, high)(random_); }

std::uint32_t Simulator::AddSlice(ComputeShare share, const std::vector<std::uint32_t>& devices) {
  const std::uint32_t slot = slices_++;
  for (const std::uint32_t d : devices) {
    flexai_share& entry = devices_[d]->quota->shares[slot];
    entry.compute = share.Pack();
    entry.flags = devices.size() > 1 ? FLEXAI_SHARE_GANG : 0;
    entry.generation = 1;
    entry.created_ns = now_;
    BeginUsage(devices_[d]->view, slot, entry.generation, share.request_permille, now_);
    entry.state = FLEXAI_SLOT_ACTIVE;
    devices_[d]->state->slices[slot].guarantee_ns = now_;
    devices_[d]->state->slices[slot].cap_ns = share.limit_permille < 1000 ? now_ : 0;
  }
  slice_devices_.push_back(devices);
  return slot;
}

void Simulator::SetShare(std::uint32_t slot, ComputeShare share) {
  for (const std::uint32_t d : slice_devices_[slot]) {
    ChangeUsage(devices_[d]->view, slot, share.request_permille, options_.tuning, now_);
    Atomic(devices_[d]->quota->shares[slot].compute).store(share.Pack());
    JoinQueue(devices_[d]->view, slot, false, options_.tuning, now_);
  }
}

std::uint32_t Simulator::AddProcess(std::uint32_t slot, const Workload& workload, Nanos start) {
  auto process = std::make_unique<Process>();
  process->index = static_cast<std::uint32_t>(processes_.size());
  process->slot = slot;
  process->workload = workload;
  process->devices = slice_devices_[slot];
  for (const std::uint32_t d : process->devices) {
    Device& device = *devices_[d];
    flexai_process& record = device.state->processes[process->index];
    record.slot = static_cast<std::uint16_t>(slot);
    record.slot_generation = 1;
    MarkCounting(device.view, process->index, 1);
    record.life = 1ULL << 8 | FLEXAI_PROCESS_LIVE;
    record.alive = process->index + 1;
    auto arbiter = std::make_unique<Arbiter>();
    arbiter->Bind(device.view, process->index, options_.tuning,
                  Waker{[](void* context, std::uint32_t record_index) {
                          auto* wake = static_cast<WakeContext*>(context);
                          wake->simulator->Wake(wake->device, record_index);
                        },
                        [](void*, std::uint32_t) {}, &device.wake_context});
    process->arbiter_pointers.push_back(arbiter.get());
    process->arbiters.push_back(std::move(arbiter));
  }
  for (auto& device : devices_) device->queues.resize(processes_.size() + 1);
  process->gates.resize(process->devices.size());
  process->finished.resize(devices_.size());
  process->last_mark.assign(devices_.size(), 0);
  process->next_period = now_ + start;
  process->left_in_burst = workload.kind == Workload::Kind::kPeriodic ? 0 : 1;
  Process& added = *process;
  processes_.push_back(std::move(process));
  Schedule(now_ + start, Event::Kind::kStep, added.index, ++added.generation);
  return added.index;
}

void Simulator::Schedule(Nanos time, Event::Kind kind, std::uint32_t who, std::uint64_t generation) {
  queue_.push({std::max(time, now_), order_++, kind, who, generation});
}

void Simulator::Wake(std::uint32_t device, std::uint32_t record) {
  (void)device;
  if (record >= processes_.size()) return;
  Process& process = *processes_[record];
  if (!process.alive || !process.sleeping) return;
  process.sleeping = false;
  Schedule(now_ + Draw(options_.wake_min, options_.wake_max), Event::Kind::kStep, record, ++process.generation);
}

// What the process's thread does next.
void Simulator::Step(Process& process) {
  if (!process.alive || process.stopped) return;
  process.sleeping = false;
  if (process.waiting_completion) return;
  if (process.workload.kind == Workload::Kind::kPeriodic && process.left_in_burst == 0) {
    if (now_ < process.next_period) {
      Schedule(process.next_period, Event::Kind::kStep, process.index, ++process.generation);
      return;
    }
    process.left_in_burst = process.workload.burst;
    process.burst_started = process.next_period;
    process.next_period += process.workload.period;
  }
  if (process.wanted_since < 0) {
    process.wanted_since = now_;
    process.next_command = Draw(process.workload.command_min, process.workload.command_max);
    for (GateState& gate : process.gates) gate = GateState{};
  }
  const std::uint32_t which = process.turn;
  Arbiter& arbiter = *process.arbiters[which];
  if (!process.blocked) {
    process.blocked = true;
    arbiter.submitter().Block();
  }
  Attempt attempt;
  if (process.arbiters.size() == 1) {
    attempt = arbiter.TryAdmit(process.next_command, 1, process.gates[0], now_);
  } else {
    attempt = TryAdmitGang(process.arbiter_pointers.data(), static_cast<std::uint32_t>(process.arbiters.size()), which,
                           process.next_command, 1, process.gates.data(), now_)
                  .attempt;
  }
  if (attempt.kind == Attempt::Kind::kWait) {
    process.sleeping = true;
    Schedule(attempt.until_ns + options_.wake_min, Event::Kind::kStep, process.index, ++process.generation);
    return;
  }
  arbiter.submitter().Unblock();
  process.blocked = false;
  process.longest_wait = std::max(process.longest_wait, now_ - process.wanted_since);
  process.wanted_since = -1;
  const std::uint32_t d = process.devices[which];
  Advance(*devices_[d]);
  Command command{attempt.ticket, process.next_command, now_};
  command.hung = process.hang_next;
  process.hang_next = false;
  devices_[d]->queues[process.index].push_back(command);
  PlanDevice(d);
  if (process.workload.uses_all_devices) process.turn = (process.turn + 1) % static_cast<std::uint32_t>(process.arbiters.size());
  if (process.workload.kind == Workload::Kind::kAsync) {
    Schedule(now_ + options_.submit_cost, Event::Kind::kStep, process.index, ++process.generation);
  } else {
    process.waiting_completion = true;
  }
}

// Brings the running commands of a device up to now.
void Simulator::Advance(Device& device) {
  std::uint32_t running = 0;
  for (std::uint32_t p = 0; p < device.queues.size(); ++p)
    if (!device.queues[p].empty() && !processes_[p]->stopped) ++running;
  const Nanos elapsed = now_ - device.updated;
  device.updated = now_;
  if (running == 0) return;
  for (std::uint32_t p = 0; p < device.queues.size(); ++p) {
    if (device.queues[p].empty() || processes_[p]->stopped) continue;
    Command& command = device.queues[p].front();
    if (command.started < 0) command.started = now_ - elapsed;
    const Nanos share = elapsed / running;
    processes_[p]->used += share;
    if (!command.hung) command.remaining -= share;
  }
}

void Simulator::PlanDevice(std::uint32_t index) {
  Device& device = *devices_[index];
  std::uint32_t running = 0;
  Nanos least = INT64_MAX;
  for (std::uint32_t p = 0; p < device.queues.size(); ++p) {
    if (device.queues[p].empty() || processes_[p]->stopped) continue;
    ++running;
    Command& command = device.queues[p].front();
    if (command.started < 0) command.started = now_;
    if (!command.hung) least = std::min(least, command.remaining);
  }
  ++device.generation;
  if (least != INT64_MAX) Schedule(now_ + std::max<Nanos>(least, 0) * running + running, Event::Kind::kDevice, index, device.generation);
}

void Simulator::FinishCommands(std::uint32_t index) {
  Device& device = *devices_[index];
  Advance(device);
  for (std::uint32_t p = 0; p < device.queues.size(); ++p) {
    auto& queue = device.queues[p];
    if (queue.empty() || queue.front().remaining > 0 || queue.front().hung || processes_[p]->stopped) continue;
    const Command done = queue.front();
    queue.pop_front();
    if (!queue.empty()) queue.front().started = now_;
    processes_[p]->finished[index].push_back({done.ticket, now_ - done.started, now_});
    Schedule(now_ + Draw(2 * kMicrosecond, 8 * kMicrosecond), Event::Kind::kReport, p, 0);
  }
  PlanDevice(index);
}

// The driver's callback: the process learns of a completion and charges it.
void Simulator::Report(Process& process) {
  if (!process.alive || process.stopped) return;
  for (std::uint32_t i = 0; i < process.devices.size(); ++i) {
    const std::uint32_t d = process.devices[i];
    auto& finished = process.finished[d];
    while (!finished.empty()) {
      const Finished done = finished.front();
      finished.pop_front();
      Nanos charge = done.device;
      if (options_.backend == Backend::kMarks) {
        // Host-observed: from the later of the submission and the previous completion, to completion, as seen (a little late).
        const Nanos noise = Draw(0, 10 * kMicrosecond);
        const Nanos from = std::max(process.last_mark[d], done.ticket.admitted_ns);
        charge = std::max<Nanos>(0, done.seen + noise - from);
        process.last_mark[d] = done.seen + noise;
      }
      ++process.commands;
      process.arbiters[i]->Complete(done.ticket, charge, Engine::kCompute, now_);
      if (process.waiting_completion) {
        process.waiting_completion = false;
        const Nanos think = process.workload.kind == Workload::Kind::kSync ? process.workload.think : 5 * kMicrosecond;
        if (process.workload.kind == Workload::Kind::kPeriodic && --process.left_in_burst == 0)
          process.bursts.push_back(now_ - process.burst_started);
        Schedule(now_ + Draw(options_.wake_min, options_.wake_max) + Draw(think / 2, think * 3 / 2), Event::Kind::kStep, process.index,
                 ++process.generation);
      }
    }
  }
}

void Simulator::RunUntil(Nanos time) {
  const Nanos end = kSecond + time;
  while (!queue_.empty() && queue_.top().time <= end) {
    const Event event = queue_.top();
    queue_.pop();
    now_ = event.time;
    ++events_;
    switch (event.kind) {
      case Event::Kind::kStep:
        if (event.generation == processes_[event.who]->generation) Step(*processes_[event.who]);
        break;
      case Event::Kind::kDevice:
        if (event.generation == devices_[event.who]->generation) FinishCommands(event.who);
        break;
      case Event::Kind::kReport: Report(*processes_[event.who]); break;
    }
  }
  now_ = end;
  for (auto& device : devices_) Advance(*device);
}

void Simulator::Kill(std::uint32_t index) {
  Process& process = *processes_[index];
  for (const std::uint32_t d : process.devices) {
    Advance(*devices_[d]);
    process.alive = false;
    devices_[d]->queues[index].clear();
    Atomic(devices_[d]->state->processes[index].alive).fetch_or(0x40000000);
    PlanDevice(d);
  }
}

void Simulator::Stop(std::uint32_t index) {
  for (const std::uint32_t d : processes_[index]->devices) Advance(*devices_[d]);
  processes_[index]->stopped = true;
  for (const std::uint32_t d : processes_[index]->devices) PlanDevice(d);
}

void Simulator::Continue(std::uint32_t index) {
  Process& process = *processes_[index];
  for (const std::uint32_t d : process.devices) Advance(*devices_[d]);
  process.stopped = false;
  for (const std::uint32_t d : process.devices) PlanDevice(d);
  Report(process);
  if (!process.waiting_completion) Schedule(now_, Event::Kind::kStep, index, ++process.generation);
}

void Simulator::HangNext(std::uint32_t index) { processes_[index]->hang_next = true; }

void Simulator::ReleaseHung(std::uint32_t index) {
  for (const std::uint32_t d : processes_[index]->devices) {
    Advance(*devices_[d]);
    for (Command& command : devices_[d]->queues[index]) {
      if (command.hung) command.remaining = 0;
      command.hung = false;
    }
    PlanDevice(d);
  }
}

Nanos Simulator::Used(std::uint32_t slot) const {
  Nanos sum = 0;
  for (const auto& process : processes_)
    if (process->slot == slot) sum += process->used;
  return sum;
}

Nanos Simulator::Unfinished(std::uint32_t slot) const {
  Nanos sum = 0;
  for (const auto& process : processes_) {
    if (process->slot != slot) continue;
    for (const std::uint32_t d : process->devices) {
      for (const Finished& done : process->finished[d]) sum += done.device;
      const auto& queue = devices_[d]->queues[process->index];
      if (!queue.empty() && queue.front().started >= 0) sum += now_ - queue.front().started;
    }
  }
  return sum;
}

Nanos Simulator::Charged(std::uint32_t slot, std::uint32_t device) const {
  return static_cast<Nanos>(Load(devices_[device]->state->slices[slot].device_ns));
}
Nanos Simulator::Thought(std::uint32_t slot, std::uint32_t device) const {
  return static_cast<Nanos>(Load(devices_[device]->state->slices[slot].think_ns));
}
std::uint64_t Simulator::Commands(std::uint32_t process) const { return processes_[process]->commands; }
Nanos Simulator::LongestWait(std::uint32_t process) const { return processes_[process]->longest_wait; }
std::uint64_t Simulator::ValveOpened(std::uint32_t slot, std::uint32_t device) const {
  return Load(devices_[device]->state->slices[slot].valve_opened);
}
const RegionView& Simulator::region(std::uint32_t device) const { return devices_[device]->view; }
const std::vector<Nanos>& Simulator::BurstLatencies(std::uint32_t process) const { return processes_[process]->bursts; }

}  // namespace flexai::slice::sim
