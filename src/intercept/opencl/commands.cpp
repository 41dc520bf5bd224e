#include "intercept/opencl/commands.hpp"

#include "intercept/opencl/queues.hpp"

namespace flexai::opencl {
namespace {

constinit intercept::RecordPool<Command> pool;
constinit intercept::Estimates estimates;

// Pointers have 64 bits on every machine the layer is built for: 24 for the number, 40 for the generation.
constexpr int kIndexBits = 24;
constexpr std::uint64_t kGenerationMask = (1ULL << (64 - kIndexBits)) - 1;
static_assert(sizeof(void*) == 8 &&
              std::uint64_t{intercept::RecordPool<Command>::kChunk} * intercept::RecordPool<Command>::kChunks <= 1ULL << kIndexBits);

}  // namespace

Command* NewCommand(Queue& queue) noexcept {
  Command* command = pool.New();
  if (command == nullptr) return nullptr;
  command->epoch = ProcessEpoch();
  command->queue = &queue;
  command->has_work = true;
  command->is_mark = false;
  command->batch = {};
  command->kind = {};
  command->engine = slice::Engine::kCompute;
  command->counted = false;
  command->expected_ns = -1;
  command->ever_held = false;
  command->held = false;
  command->dropped = false;
  command->event = nullptr;
  command->owns_event = false;
  AddUser(queue);
  return command;
}

void FreeCommand(Command& command) noexcept {
  Queue& queue = *command.queue;
  const bool of_this_process = command.epoch == ProcessEpoch();
  pool.Free(&command);
  if (of_this_process) RemoveUser(queue);  // a child of fork counts its users anew
}

void* NameOf(const Command& command) noexcept {
  const std::uint64_t generation = command.generation.load(std::memory_order_relaxed) & kGenerationMask;
  return reinterpret_cast<void*>(generation << kIndexBits | command.pool_index);
}

namespace {

// The record that `name` was given for, if it still has the generation of then.
Command* Named(void* name, std::uint64_t& generation) noexcept {
  const auto bits = reinterpret_cast<std::uint64_t>(name);
  Command* command = pool.At(static_cast<std::uint32_t>(bits & ((1u << kIndexBits) - 1)));
  if (command == nullptr) return nullptr;
  generation = command->generation.load(std::memory_order_acquire);
  return (generation & kGenerationMask) == bits >> kIndexBits ? command : nullptr;
}

}  // namespace

Command* Claim(void* name) noexcept {
  std::uint64_t generation;
  Command* command = Named(name, generation);
  const bool first =
      command != nullptr && command->generation.compare_exchange_strong(generation, generation + 1, std::memory_order_acq_rel);
  return first ? command : nullptr;
}

bool IsAlive(void* name) noexcept {
  std::uint64_t generation;
  return Named(name, generation) != nullptr;
}

intercept::Estimates& CommandEstimates() noexcept { return estimates; }

}  // namespace flexai::opencl
