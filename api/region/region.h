/* The region: the shared memory of one XPU. Two files in the runtime directory, made and mapped together:
 *
 *   xpu-<id>.quota   who holds which share        written by admission only; tenants map it read-only where a privileged side owns it
 *   xpu-<id>.state   lease, waiting, accounts     written by everybody who runs on the XPU
 *   xpu-<id>.lock    nothing inside               a POSIX record lock serialises admission and attach; the kernel drops it when its holder dies
 *
 *   quota file                          state file
 *   +--------------------------+ 0      +------------------------------------+ 0
 *   | header (512)             |        | header (512): lease, waiting bits, |
 *   +--------------------------+ 512    |   memory account of the unreserved |
 *   | slice share [128] (256)  |        +------------------------------------+ 512
 *   +--------------------------+ 33280  | slice account [128] (256)          |
 *                                       +------------------------------------+ 33280
 *                                       | process record [1024] (384)        |
 *                                       +------------------------------------+ 426496
 *
 * Rules. Fixed-size little-endian fields. Every field names its writer. Fields marked (atomic) are only read and written with atomic operations; a
 * process may die or stop between any two stores and what is left is still correct. abi_major must match; minors only fill reserved fields, so a
 * newer minor joins an older region, and the other way round. What only a newer minor keeps (usage, below) says for which generation it is kept:
 * nobody takes what an older one left there, or did not count, for a number. `pair_id` ties the two files together: a random number, never 0, so that
 * a file of a dead region is recognised.
 *
 * Trust. Whoever may write the state file can disturb its co-tenants on this XPU (isolation soft, see SECURITY.md), never make another process crash:
 * every index and size read from here is checked before use.
 */
#ifndef FLEXAI_API_REGION_REGION_H
#define FLEXAI_API_REGION_REGION_H

#include <stdint.h>

#ifdef __cplusplus
#define FLEXAI_REGION_ASSERT(condition, text) static_assert(condition, text)
#include <cstddef>
#else
#include <stddef.h>
#define FLEXAI_REGION_ASSERT(condition, text) _Static_assert(condition, text)
#endif
#define FLEXAI_REGION_ALIGN(n) __attribute__((aligned(n)))

#define FLEXAI_REGION_QUOTA_MAGIC 0x315141584c46ULL /* "FLXAQ1", little-endian */
#define FLEXAI_REGION_STATE_MAGIC 0x315341584c46ULL /* "FLXAS1" */
#define FLEXAI_REGION_ABI_MAJOR 1
#define FLEXAI_REGION_ABI_MINOR 1 /* 1: what a share asked for and left unused, and when it ended (src/slice/usage.hpp) */
#define FLEXAI_REGION_SLICES 128
#define FLEXAI_REGION_PROCESSES 1024

/* ---- quota file ------------------------------------------------------------------------------------------------------------------------------- */

enum flexai_slot_state { FLEXAI_SLOT_FREE = 0, FLEXAI_SLOT_ACTIVE = 1 };

enum flexai_share_flags {
  FLEXAI_SHARE_RESERVES_MEMORY = 1u << 0, /* memory_bytes is set aside and is the cap; without it the slice holds what nobody reserved */
  FLEXAI_SHARE_GANG = 1u << 1,            /* the slice has shares of several XPUs: its processes hold the lease together */
};

#define FLEXAI_SHARE_GIVEN \
  0xffffffffU /* as ended_generation: the slot is being given away, what is there is half of one and half of another */

/* One share of this XPU. Writer: admission, under the lock. `state` is stored last when a share begins and first when it ends, but for the time of its
 * end, which is there before. What a share was stays readable until its slot is given away again: that of the share that ended longest ago goes first. */
struct flexai_share {
  uint32_t state;        /* (atomic) flexai_slot_state */
  uint32_t generation;   /* (atomic) +1 each time the slot begins a new share; names this tenancy of the slot */
  uint64_t compute;      /* (atomic) request_permille | limit_permille << 16 | priority << 32: one store changes a running share */
  uint64_t memory_bytes; /* (atomic) reserved and capped, see flags */
  uint32_t flags;        /* flexai_share_flags */
  uint32_t owner_uid;
  int64_t created_ns; /* CLOCK_MONOTONIC */
  int64_t created_unix_s;
  char name[64];    /* zero-terminated; unique among active shares */
  char command[64]; /* what `flexai run` started, shortened; for people */
  /* Since minor 1. */
  uint64_t asked;   /* (atomic) device time asked for so far, as a line over time: src/slice/usage.hpp */
  int64_t ended_ns; /* CLOCK_MONOTONIC, when the end was noticed */
  int64_t ended_unix_s;
  uint32_t asked_generation; /* (atomic) `asked` is about this generation */
  uint32_t ended_generation; /* (atomic) ended_* are about this generation; another: nobody noted its end, or FLEXAI_SHARE_GIVEN */
  uint8_t reserved[48];
};

struct flexai_quota_header {
  uint64_t magic;
  uint16_t abi_major, abi_minor;
  uint32_t header_bytes;
  uint64_t file_bytes;
  uint64_t pair_id;
  uint64_t device_memory_bytes; /* physical memory of the XPU */
  uint64_t
      reserved_memory_bytes; /* (atomic) sum of memory_bytes over active shares that reserve; raised before and lowered after a share */
  uint64_t epoch;            /* (atomic) +1 after every change: readers that cache shares look again */
  uint32_t owner_uid;
  uint32_t kind; /* flexai::XpuKind */
  char xpu_id[64];
  char model[128];
  char driver[128];
  uint8_t reserved[128];
};

struct flexai_quota_file {
  struct flexai_quota_header header;
  struct flexai_share shares[FLEXAI_REGION_SLICES];
};

/* ---- state file ------------------------------------------------------------------------------------------------------------------------------- */

/* Who may submit to the XPU now, and how much of it is unfinished: one 64-bit word, changed by compare-and-swap only.
 *
 *   63            32 31   28 27      16 15          0
 *   +---------------+-------+----------+------------+
 *   | sequence      | flags | holder   | in flight  |
 *   +---------------+-------+----------+------------+
 * sequence   +1 at every change of hands; a ticket carries it, so a late completion never counts against the next holder
 * flags      bit 0: the holder stops submitting and hands over when in flight reaches 0
 * holder     0 nobody; 1..1024 process index + 1; 0x800 | slot for a gang slice
 * in flight  commands admitted under this sequence that have not completed */
#define FLEXAI_LEASE_YIELD 1u
#define FLEXAI_LEASE_GANG 0x800u

/* Two words changed by one 16-byte compare-and-swap. `used` is the sum of what the processes hold; `tag` names the last change (process index << 48 |
 * operation number, bit 47: by a sweeper), so that any process can finish a change whose author died. See src/slice/ledger.hpp. */
struct FLEXAI_REGION_ALIGN(16) flexai_memory_total {
  uint64_t used_bytes, tag;
};
struct FLEXAI_REGION_ALIGN(16) flexai_memory_account {
  uint64_t held_bytes, operation;
};
struct flexai_memory_intent {
  int64_t delta_bytes;
  uint64_t operation;
};

/* What others must know of a holder to take the lease from it: written by the holder while it holds. All (atomic). */
struct flexai_turn {
  int64_t granted_ns;  /* when the lease came */
  int64_t progress_ns; /* last admission from idle or completion: the stall valve counts from here */
  int64_t idle_ns;     /* when in flight reached 0; meaningful while it is 0 */
  int64_t keep_ns;     /* idle since idle_ns, the lease is still kept until here (anticipation, or a gang still collecting) */
  int64_t estimate_ns; /* longest expected device time among the commands in flight */
};

/* The account of one share. Writers: the slice's processes, and whoever sweeps for them. All (atomic). Reset by admission when a share begins. */
struct flexai_slice_account {
  uint64_t vtime;       /* start-time fair queueing: charged device ns * 1000 / request_permille */
  int64_t guarantee_ns; /* the time at which the guarantee would be exactly used up; behind the clock = owed */
  int64_t cap_ns;       /* the same for the cap; ahead of the clock = in debt */
  int64_t active_ns;    /* last admission, completion or wait: an older share lost its place in the queue */
  uint64_t device_ns;   /* device time charged */
  uint64_t copy_ns;     /* the part of it spent in transfers and fills */
  uint64_t think_ns;    /* time for which the lease was kept while the slice's synchronous client was thinking */
  uint64_t overlap_ns;  /* device time beside other tenants: after the stall valve opened, or work that no gate may delay */
  uint64_t wait_ns;     /* time its threads spent in gates */
  uint64_t commands;
  struct flexai_turn turn;  /* of a gang slice; otherwise the process's is used */
  uint64_t bypass_attempts; /* calls that tried to leave the slice and were refused */
  uint64_t memory_refusals;
  uint64_t memory_peak_bytes;
  uint64_t valve_opened;
  struct flexai_memory_total memory; /* the slice's total when it reserves; unused otherwise */
  uint64_t joined;                   /* generation of the share that somebody has registered in: until then it may be about to happen */
  uint64_t idle_ns;                  /* since minor 1: device time guaranteed that lapsed unused, see src/slice/usage.hpp */
  uint64_t idle_generation;          /* idle_ns has been counted since this generation of the share began; 0: not always */
  uint8_t reserved[56];
};

enum flexai_process_state {
  FLEXAI_PROCESS_FREE = 0,
  FLEXAI_PROCESS_ATTACHING = 1, /* under the lock; found by the next holder of the lock, it is dead */
  FLEXAI_PROCESS_LIVE = 2,
  FLEXAI_PROCESS_GONE = 3, /* death seen; memory still charged until the driver has given it back */
};

enum flexai_process_role { FLEXAI_ROLE_TENANT = 0, FLEXAI_ROLE_KEEPER = 1 /* `flexai run`: keeps the slice alive, submits nothing */ };

struct FLEXAI_REGION_ALIGN(128) flexai_process {
  /* line 0: identity. Writer: the process at attach (under the lock), the sweeper at the end. */
  uint64_t
      life; /* (atomic) flexai_process_state | generation << 8: one word, so that a late sweeper cannot mistake the record's next owner */
  uint32_t
      alive; /* (atomic) robust futex word, see src/slice/lifeline.hpp: written by the process itself, then by the kernel at its death */
  uint16_t slot; /* the share it lives in */
  uint16_t role; /* flexai_process_role */
  uint32_t slot_generation;
  uint32_t pid;           /* as the process itself sees it; for people, and to see that a dead one is reaped */
  uint64_t start_ticks;   /* field 22 of /proc/self/stat: tells a reused pid */
  uint64_t pid_namespace; /* inode of /proc/self/ns/pid: elsewhere the pid means nothing */
  int64_t gone_ns;        /* (atomic) when death was first seen */
  uint32_t uid;
  uint32_t reserved0;
  char comm[16];
  uint64_t counts_idle; /* since minor 1: the generation in `life` of a process that counts idle_ns; smaller: one of minor 0 */
  uint64_t reserved1[6];
  /* line 1: waiting. Written by the process, woken by others. */
  uint32_t wake;         /* (atomic) futex: bumped when the lease comes */
  uint32_t nudge;        /* (atomic) futex: bumped when a waiter wants unflushed work flushed; the helper thread sleeps here */
  uint32_t unflushed;    /* (atomic) 1 while admitted commands may rest in a queue that was not flushed */
  uint32_t in_flight;    /* (atomic) its commands not yet completed, under whatever lease they were admitted */
  int64_t wait_since_ns; /* (atomic) 0 when no thread waits for the lease */
  struct flexai_turn turn;
  int64_t think_ns;  /* (atomic) moving average of the pause between a completion and the next submission */
  uint32_t patience; /* (atomic) 0..8: recent success of keeping the lease for it */
  uint32_t reserved2;
  uint64_t reserved3[6];
  /* line 2: accounts. Written by the process; memory also by whoever helps it. */
  struct flexai_memory_account memory;
  struct flexai_memory_intent intent;
  uint64_t device_ns; /* (atomic) */
  uint64_t commands;  /* (atomic) */
  uint64_t reserved4[10];
};

/* How far a driver's event stamps can be believed, learnt from the first commands on it. */
enum flexai_stamps { FLEXAI_STAMPS_UNKNOWN = 0, FLEXAI_STAMPS_AGREE = 1, FLEXAI_STAMPS_DISAGREE = 2 };

struct FLEXAI_REGION_ALIGN(128) flexai_state_header {
  uint64_t magic;
  uint16_t abi_major, abi_minor;
  uint32_t header_bytes;
  uint64_t file_bytes;
  uint64_t pair_id;
  uint64_t stamps; /* (atomic) flexai_stamps | hash of the driver version << 8; writer: whoever learns it */
  uint64_t reserved0[11];
  /* line 1 */
  uint64_t lease; /* (atomic) see above */
  uint64_t reserved1[15];
  /* line 2 */
  uint64_t waiting[FLEXAI_REGION_PROCESSES / 64]; /* (atomic) bit per process: a thread of it waits for the lease */
  /* line 3 */
  struct flexai_memory_total unreserved; /* held by all slices that reserve nothing */
  uint64_t reserved2[14];
};

struct flexai_state_file {
  struct flexai_state_header header;
  struct flexai_slice_account slices[FLEXAI_REGION_SLICES];
  struct flexai_process processes[FLEXAI_REGION_PROCESSES];
};

FLEXAI_REGION_ASSERT(sizeof(struct flexai_share) == 256, "share");
FLEXAI_REGION_ASSERT(sizeof(struct flexai_quota_header) == 512, "quota header");
FLEXAI_REGION_ASSERT(sizeof(struct flexai_quota_file) == 33280, "quota file");
FLEXAI_REGION_ASSERT(sizeof(struct flexai_slice_account) == 256, "slice account");
FLEXAI_REGION_ASSERT(sizeof(struct flexai_process) == 384, "process");
FLEXAI_REGION_ASSERT(sizeof(struct flexai_state_header) == 512, "state header");
FLEXAI_REGION_ASSERT(sizeof(struct flexai_state_file) == 426496, "state file");
FLEXAI_REGION_ASSERT(offsetof(struct flexai_share, name) == 48 && offsetof(struct flexai_share, memory_bytes) == 16 &&
                         offsetof(struct flexai_share, asked) == 176,
                     "share offsets");
FLEXAI_REGION_ASSERT(offsetof(struct flexai_slice_account, turn) == 80 && offsetof(struct flexai_slice_account, memory) == 160 &&
                         offsetof(struct flexai_slice_account, idle_ns) == 184,
                     "account offsets");
FLEXAI_REGION_ASSERT(offsetof(struct flexai_process, wake) == 128 && offsetof(struct flexai_process, memory) == 256, "process offsets");
FLEXAI_REGION_ASSERT(offsetof(struct flexai_state_header, lease) == 128 && offsetof(struct flexai_state_header, waiting) == 256,
                     "state offsets");
FLEXAI_REGION_ASSERT(offsetof(struct flexai_quota_header, xpu_id) == 64, "quota offsets");

#endif
