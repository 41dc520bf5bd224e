#include "intercept/common/handle_table.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <random>
#include <thread>
#include <vector>

namespace flexai::intercept {
namespace {

struct Record {
  int references = 0;
  int mark = 0;
};

const void* Handle(std::uintptr_t number) { return reinterpret_cast<const void*>(number * 16); }

TEST(HandleTableTest, KnowsNothingOfNullAndOfHandlesNeverInserted) {
  static HandleTable<Record> table;
  Record record;

  EXPECT_FALSE(table.Insert(nullptr, {}));
  EXPECT_FALSE(table.Find(nullptr, record));
  EXPECT_FALSE(table.Find(Handle(1), record));
  EXPECT_FALSE(table.Take(Handle(1), record));
  EXPECT_TRUE(table.empty());
}

TEST(HandleTableTest, AnAddressGivenOutAgainCarriesTheNewRecord) {
  static HandleTable<Record> table;
  ASSERT_TRUE(table.Insert(Handle(7), {1, 10}));

  ASSERT_TRUE(table.Insert(Handle(7), {1, 20}));

  Record record;
  ASSERT_TRUE(table.Find(Handle(7), record));
  EXPECT_EQ(record.mark, 20);
  EXPECT_EQ(table.size(), 1u);
}

TEST(HandleTableTest, TheLastReferenceTakesTheRecordOut) {
  static HandleTable<Record> table;
  ASSERT_TRUE(table.Insert(Handle(3), {2, 5}));
  const auto last = [](Record& record) { return --record.references == 0; };

  Record taken;
  EXPECT_FALSE(table.TakeIf(Handle(3), taken, last));
  EXPECT_TRUE(table.TakeIf(Handle(3), taken, last));

  EXPECT_EQ(taken.mark, 5);
  EXPECT_FALSE(table.TakeIf(Handle(3), taken, last));
}

TEST(HandleTableTest, AgreesWithAMapOverRandomOperations) {
  static HandleTable<Record> table;
  std::map<std::uintptr_t, int> model;
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);

  for (int step = 0; step < 200'000; ++step) {
    const std::uintptr_t number = 1 + random() % 3000;
    Record record;
    switch (random() % 4) {
      case 0:
      case 1:
        ASSERT_TRUE(table.Insert(Handle(number), {0, step}));
        model[number] = step;
        break;
      case 2: ASSERT_EQ(table.Take(Handle(number), record), model.erase(number) == 1); break;
      default:
        ASSERT_EQ(table.Find(Handle(number), record), model.contains(number));
        if (model.contains(number)) {
          ASSERT_EQ(record.mark, model[number]);
        }
    }
  }

  std::map<std::uintptr_t, int> seen;
  table.ForEach([&](const void* handle, const Record& record) { seen[reinterpret_cast<std::uintptr_t>(handle) / 16] = record.mark; });
  EXPECT_EQ(seen, model);
  EXPECT_EQ(table.size(), model.size());
}

TEST(HandleTableTest, ThreadsDoNotLoseEachOthersRecords) {
  static HandleTable<Record> table;
  constexpr int kThreads = 4;
  constexpr std::uintptr_t kEach = 2000;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([t] {
      for (std::uintptr_t i = 0; i < kEach; ++i) {
        const std::uintptr_t number = 1 + static_cast<std::uintptr_t>(t) * kEach + i;
        ASSERT_TRUE(table.Insert(Handle(number), {1, t}));
        ASSERT_TRUE(table.With(Handle(number), [](Record& record) { record.mark += 100; }));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(table.size(), kThreads * kEach);
  table.ForEach([](const void*, const Record& record) { EXPECT_GE(record.mark, 100); });
}

TEST(HandleTableTest, AChildOfForkCanUseATableThatOtherThreadsWereChanging) {
  static HandleTable<Record> table;
  static std::atomic<bool> stop;
  stop = false;
  ASSERT_TRUE(table.Insert(Handle(999'999), {1, 42}));
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([t] {
      Record ignored;
      for (std::uintptr_t i = 0; !stop; ++i) {
        const std::uintptr_t number = 1 + static_cast<std::uintptr_t>(t) * 1000 + i % 1000;
        (void)table.Insert(Handle(number), {});
        if (i % 3 == 0) table.Take(Handle(number), ignored);
      }
    });
  }

  for (int i = 0; i < 50; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(30);  // a lock left behind would hang here
      Record record;
      bool ok = table.Find(Handle(999'999), record) && record.mark == 42;
      for (std::uintptr_t number = 1; number <= 2000; ++number) ok = ok && table.Insert(Handle(number), {});
      std::size_t counted = 0;
      table.ForEach([&](const void*, const Record&) { ++counted; });
      _exit(ok && counted == 2001 ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace flexai::intercept
