#include "intercept/opencl/marks.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <random>
#include <thread>
#include <vector>

namespace flexai::opencl {
namespace {

slice::Ticket Short(Nanos estimate = 8 * kMicrosecond, std::uint32_t sequence = 1) {
  slice::Ticket ticket;
  ticket.sequence = sequence;
  ticket.leased = true;
  ticket.estimate_ns = estimate;
  return ticket;
}

slice::Ticket Alone(slice::Ticket ticket) {
  ticket.alone = true;
  return ticket;
}

TEST(MarksTest, NoMemberFollowsADryQueue) {
  Marks marks;

  EXPECT_FALSE(marks.TryMember(Short()));
}

TEST(MarksTest, TheNextMarkCarriesTheMembersBeforeIt) {
  Marks marks;
  Batch none, tail;
  none = marks.BeginMark();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(marks.TryMember(Short()));
    EXPECT_FALSE(marks.Joined(Short(), tail));
  }

  const Batch carried = marks.BeginMark();

  EXPECT_EQ(none.count, 0u);
  EXPECT_EQ(carried.count, 3u);
  EXPECT_EQ(carried.ticket.estimate_ns, 24 * kMicrosecond);
}

TEST(MarksTest, TheIntervalBetweenMarksIsBounded) {
  Marks marks;
  Batch tail;
  (void)marks.BeginMark();
  Nanos time = 0;
  while (marks.TryMember(Short())) {
    ASSERT_FALSE(marks.Joined(Short(), tail));
    time += 8 * kMicrosecond;
    ASSERT_LE(time, Marks::kInterval);
  }

  EXPECT_GT(time, Marks::kInterval / 2);
}

TEST(MarksTest, TheLastPendingMarkLeavesTheTailOpen) {
  Marks marks;
  Batch tail;
  (void)marks.BeginMark();
  (void)marks.Joined(Short(), tail);
  EXPECT_FALSE(marks.HasOpenTail());
  EXPECT_FALSE(marks.CloseOpen(tail));

  EXPECT_TRUE(marks.Ended());
  EXPECT_TRUE(marks.HasOpenTail());
  ASSERT_TRUE(marks.CloseOpen(tail));
  EXPECT_EQ(tail.count, 1u);
  EXPECT_TRUE(tail.dense);
  // The closing marker is a mark itself.
  EXPECT_TRUE(marks.TryMember(Short()));
  EXPECT_FALSE(marks.Ended());
  EXPECT_FALSE(marks.TryMember(Short()));
}

TEST(MarksTest, AMemberThatComesAfterTheLastMarkEndedIsAnOpenTail) {
  Marks marks;
  Batch tail;
  (void)marks.BeginMark();
  ASSERT_TRUE(marks.TryMember(Short()));
  ASSERT_FALSE(marks.Ended());  // while the member is on its way into the driver

  EXPECT_FALSE(marks.Joined(Short(), tail));
  ASSERT_TRUE(marks.CloseOpen(tail));
  EXPECT_EQ(tail.count, 1u);
  EXPECT_FALSE(tail.dense);
}

TEST(MarksTest, AloneMembersFollowADryQueueUpToTheSameBounds) {
  Marks marks;
  Batch tail;
  std::uint32_t members = 0;
  for (; marks.TryMember(Alone(Short(Marks::kInterval / 10))); ++members) ASSERT_FALSE(marks.Joined(Short(Marks::kInterval / 10), tail));

  EXPECT_EQ(members, 10u);
  EXPECT_EQ(marks.BeginMark().count, 10u);
}

TEST(MarksTest, ARefusedMarkGivesBackWhatItCarried) {
  Marks marks;
  Batch tail;
  (void)marks.BeginMark();
  (void)marks.Joined(Short(), tail);
  const Batch carried = marks.BeginMark();
  ASSERT_EQ(carried.count, 1u);

  EXPECT_FALSE(marks.Refused(carried, tail));
  EXPECT_TRUE(marks.Ended());
  ASSERT_TRUE(marks.CloseOpen(tail));
  EXPECT_EQ(tail.count, 1u);
}

TEST(MarksTest, MembersOfTwoLeasesAreNeverCountedTogether) {
  Marks marks;
  Batch tail;
  (void)marks.BeginMark();
  (void)marks.Joined(Short(1000, 1), tail);

  EXPECT_FALSE(marks.TryMember(Short(1000, 2)));
  // One that was let through before the lease changed closes the older ones.
  ASSERT_TRUE(marks.Joined(Short(2000, 2), tail));
  EXPECT_EQ(tail.count, 1u);
  EXPECT_EQ(tail.ticket.sequence, 1u);
  EXPECT_EQ(marks.BeginMark().ticket.sequence, 2u);
}

// Whatever four submitting threads and a completing one do, each member ends exactly once.
TEST(MarksTest, EveryMemberEndsExactlyOnce) {
  static Marks marks;
  static std::atomic<std::uint32_t> members, ended;
  static std::atomic<int> submitting;
  members = ended = 0;
  submitting = 4;
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  std::deque<Batch> device;  // marks in the order of the queue
  const auto put = [&](const Batch& batch) {
    pthread_mutex_lock(&mutex);
    device.push_back(batch);
    pthread_mutex_unlock(&mutex);
  };
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);

  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(seed + t);
      for (int i = 0; i < 20'000; ++i) {
        slice::Ticket ticket = Short(4 * kMicrosecond, random() % 100 == 0 ? 2 : 1);
        ticket.alone = random() % 4 == 0;
        Batch tail;
        if (marks.TryMember(ticket)) {
          ++members;
          if (marks.Joined(ticket, tail)) put(tail);
        } else {
          const Batch carried = marks.BeginMark();
          if (random() % 10 == 0) {
            if (marks.Refused(carried, tail)) put(tail);
          } else {
            put(carried);
          }
        }
        if (random() % 50 == 0 && marks.Close(tail)) put(tail);
        if (random() % 50 == 0 && marks.CloseOpen(tail)) put(tail);
      }
      Batch tail;
      if (marks.Close(tail)) put(tail);
      --submitting;
    });
  }
  threads.emplace_back([&] {
    for (;;) {
      const bool last = submitting == 0;
      pthread_mutex_lock(&mutex);
      const bool any = !device.empty();
      const Batch batch = any ? device.front() : Batch{};
      if (any) device.pop_front();
      pthread_mutex_unlock(&mutex);
      if (!any) {
        if (last) return;
        continue;
      }
      ended += batch.count;
      Batch tail;
      if (marks.Ended() && marks.CloseOpen(tail)) put(tail);
    }
  });
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(ended, members);
  EXPECT_GT(members, 1000u);
  EXPECT_FALSE(marks.TryMember(Short()));  // nothing is pending
}

}  // namespace
}  // namespace flexai::opencl
