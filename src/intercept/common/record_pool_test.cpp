#include "intercept/common/record_pool.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace flexai::intercept {
namespace {

struct Note : PoolRecord {
  std::atomic<int> users{0};
};

TEST(RecordPoolTest, HandsOutEachRecordOnce) {
  static RecordPool<Note> pool;
  std::set<Note*> seen;

  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(pool.New()).second);

  for (Note* note : seen) EXPECT_EQ(pool.At(note->pool_index), note);
}

TEST(RecordPoolTest, GivesAFreedRecordOutAgain) {
  static RecordPool<Note> pool;
  Note* first = pool.New();

  pool.Free(first);

  EXPECT_EQ(pool.New(), first);
}

TEST(RecordPoolTest, HasNoRecordOfANumberItNeverGave) {
  static RecordPool<Note> pool;

  EXPECT_EQ(pool.At(0), nullptr);
  EXPECT_EQ(pool.At(UINT32_MAX), nullptr);
}

TEST(RecordPoolTest, NeverGivesOneRecordToTwoThreads) {
  static RecordPool<Note> pool;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 20'000; ++i) {
        Note* some[3];
        for (Note*& note : some) {
          note = pool.New();
          ASSERT_EQ(note->users.fetch_add(1), 0);
        }
        for (Note* note : some) {
          ASSERT_EQ(note->users.fetch_sub(1), 1);
          pool.Free(note);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  int records = 0;
  pool.ForEach([&](Note& note) {
    ++records;
    EXPECT_EQ(note.users, 0);
  });
  EXPECT_EQ(records % static_cast<int>(RecordPool<Note>::kChunk), 0);
}

}  // namespace
}  // namespace flexai::intercept
