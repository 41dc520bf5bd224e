#include "cli/history_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace flexai::cli {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

SliceSnapshot Slice(std::string name, Nanos began) {
  SliceSnapshot slice;
  slice.name = std::move(name);
  slice.command = "python3 train.py";
  slice.owner_uid = geteuid();
  slice.request_permille = 300;
  slice.limit_permille = 300;
  slice.created_ns = began;
  slice.created_unix_s = 1'700'000'000;
  slice.device_ns = 180 * kSecond;
  slice.asked_ns = 300 * kSecond;
  slice.idle_ns = 119 * kSecond;
  slice.memory_peak_bytes = 1ULL << 30;
  slice.memory_refusals = 7;
  return slice;
}

Inventory Sample() {
  XpuEntry entry;
  entry.id = XpuId::Parse("pocl-0").value();
  entry.region = RegionSnapshot{.xpu = entry.id};
  entry.region->slices = {Slice("running-one", 20 * kSecond)};
  entry.region->ended = {{.slice = Slice("ended-one", 10 * kSecond), .ended_ns = 15 * kSecond, .ended_unix_s = 1'700'001'000}};
  Inventory inventory;
  inventory.entries = {entry};
  return inventory;
}

TEST(HistoryViewTest, ShowsWhatRunsAndWhatEndedInTheOrderTheyBegan) {
  const std::string text = HistoryText(Sample(), {}, {});

  EXPECT_THAT(text, ContainsRegex("ended-one +pocl-0 .* ended +[0-9: -]+ +300.00 +180.00 +119.00 +1Gi +python3 train.py\n"));
  EXPECT_THAT(text, ContainsRegex("running-one +pocl-0 .* running +[0-9: -]+ +- +300.00 +180.00 +119.00"));
  EXPECT_LT(text.find("ended-one"), text.find("running-one"));
  EXPECT_THAT(text, Not(HasSubstr("REFUSED")));
  EXPECT_THAT(HistoryText(Sample(), {.wide = true}, {}), HasSubstr("REFUSED"));
}

TEST(HistoryViewTest, WhatAnOlderVersionDidNotKeepIsADashAndNull) {
  Inventory inventory = Sample();
  EndedSlice& ended = inventory.entries[0].region->ended[0];
  ended.slice.asked_ns.reset();
  ended.slice.idle_ns.reset();
  ended.ended_unix_s.reset();

  EXPECT_THAT(HistoryText(inventory, {}, {"ended-one"}), ContainsRegex("ended +[0-9: -]+ +- +- +180.00 +- +1Gi"));
  const Document slice = HistoryDocument(inventory, {"ended-one"})["slices"].Items()[0];
  for (const char* key : {"asked_time_ns", "idle_booked_time_ns", "ended_unix_s"}) EXPECT_TRUE(slice[key].IsNull()) << key;
}

TEST(HistoryViewTest, TheDocumentIsInNanosecondsAndBytes) {
  const Document document = HistoryDocument(Sample(), {});
  ASSERT_EQ(document["slices"].Items().size(), 2u);
  const Document ended = document["slices"].Items()[0], running = document["slices"].Items()[1];

  EXPECT_EQ(ended["state"].AsText(), "ended");
  EXPECT_EQ(ended["ended_unix_s"].AsInt(), 1'700'001'000);
  EXPECT_EQ(ended["asked_time_ns"].AsInt(), 300 * kSecond);
  EXPECT_EQ(ended["device_time_ns"].AsInt(), 180 * kSecond);
  EXPECT_EQ(ended["idle_booked_time_ns"].AsInt(), 119 * kSecond);
  EXPECT_EQ(ended["memory_refusals"].AsInt(), 7);
  EXPECT_EQ(running["state"].AsText(), "running");
  EXPECT_TRUE(running["ended_unix_s"].IsNull());
}

TEST(HistoryViewTest, OnlyTheNamesAskedForAndWhetherTheyAreRemembered) {
  EXPECT_EQ(HistoryDocument(Sample(), {"running-one"})["slices"].Items().size(), 1u);
  EXPECT_EQ(HistoryText(Sample(), {}, {"other"}), "");
  EXPECT_TRUE(IsRemembered(Sample(), "ended-one"));
  EXPECT_TRUE(IsRemembered(Sample(), "running-one"));
  EXPECT_FALSE(IsRemembered(Sample(), "other"));
}

}  // namespace
}  // namespace flexai::cli
