#include "intercept/opencl/user_events.hpp"

#include "intercept/opencl/testing/gate_fixture.hpp"

namespace flexai::opencl::testing {
namespace {

class UserEventsTest : public GateTest {
 protected:
  void TearDown() override {
    EXPECT_FALSE(AnyUserEventUnset());
    GateTest::TearDown();
  }
  void Set(cl_event event, cl_int status = CL_COMPLETE) { EXPECT_EQ(hook::clSetUserEventStatus(event, status), CL_SUCCESS); }
};

TEST_F(UserEventsTest, ACommandThatWaitsForOneIsInTheDriverAndNotInFlight) {
  cl_command_queue queue = NewQueue();
  cl_event user = UserEvent();

  ASSERT_EQ(Kernel(queue, {user}), CL_SUCCESS);

  EXPECT_EQ(driver().enqueued, 1);
  EXPECT_EQ(InFlight(), 0u);
  Set(user);
  EXPECT_EQ(InFlight(), 1u);
}

TEST_F(UserEventsTest, ItsDependentsInEveryWayWaitToo) {
  cl_command_queue queue = NewQueue(), other = NewQueue(), unordered = NewQueue(CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
  cl_event user = UserEvent();
  cl_event first = nullptr, marker = nullptr;
  ASSERT_EQ(Kernel(queue, {user}, &first), CL_SUCCESS);
  ASSERT_EQ(Kernel(queue), CL_SUCCESS);                                                  // its in-order queue
  ASSERT_EQ(Kernel(other, {first}), CL_SUCCESS);                                         // its event
  ASSERT_EQ(hook::clEnqueueMarkerWithWaitList(queue, 0, nullptr, &marker), CL_SUCCESS);  // a marker behind it
  ASSERT_EQ(Kernel(unordered), CL_SUCCESS);
  EXPECT_EQ(InFlight(), 1u);                                                                  // only that one is free
  ASSERT_EQ(hook::clEnqueueBarrierWithWaitList(unordered, 1, &marker, nullptr), CL_SUCCESS);  // a barrier that waits for the marker
  ASSERT_EQ(Kernel(unordered), CL_SUCCESS);

  EXPECT_EQ(InFlight(), 1u);
  EXPECT_EQ(driver().RunAll(), 1);
  Set(user);

  EXPECT_EQ(InFlight(), 4u);
  hook::clReleaseEvent(first);
  hook::clReleaseEvent(marker);
}

TEST_F(UserEventsTest, TheLastOfSeveralSetsItFree) {
  cl_command_queue queue = NewQueue();
  cl_event one = UserEvent(), two = UserEvent();
  ASSERT_EQ(Kernel(queue, {one, two}), CL_SUCCESS);

  Set(one);
  EXPECT_EQ(InFlight(), 0u);
  Set(two);

  EXPECT_EQ(InFlight(), 1u);
}

TEST_F(UserEventsTest, SettingOneAgainIsTheDriversBusiness) {
  cl_event user = UserEvent();
  Set(user);

  EXPECT_EQ(hook::clSetUserEventStatus(user, CL_COMPLETE), CL_INVALID_OPERATION);
  EXPECT_EQ(hook::clSetUserEventStatus(user, 5), CL_INVALID_VALUE);
  EXPECT_EQ(hook::clSetUserEventStatus(nullptr, CL_COMPLETE), CL_INVALID_EVENT);
}

TEST_F(UserEventsTest, WhatComesAfterItWasSetIsOrdinary) {
  cl_command_queue queue = NewQueue();
  cl_event user = UserEvent();
  ASSERT_EQ(Kernel(queue, {user}), CL_SUCCESS);
  Set(user);

  ASSERT_EQ(Kernel(queue, {user}), CL_SUCCESS);
  ASSERT_EQ(Kernel(queue), CL_SUCCESS);

  EXPECT_EQ(InFlight(), 3u);
}

TEST_F(UserEventsTest, AFailedOneEndsItsDependentsAlsoWithoutCallbacks) {
  cl_command_queue queue = NewQueue();
  cl_event user = UserEvent();
  for (int i = 0; i < 10; ++i) ASSERT_EQ(Kernel(queue, i == 0 ? std::vector{user} : std::vector<cl_event>{}), CL_SUCCESS);
  std::vector<FakeEvent*> events;
  for (const FakeCommand& command : QueueDriver::Of(queue).commands) events.push_back(command.event);
  const std::uint64_t before = Commands();

  Set(user, -5);

  EXPECT_EQ(driver().waiting(), 0u);
  EXPECT_EQ(Commands(), before);
  for (const FakeEvent* event : events) EXPECT_TRUE(event->destroyed);
}

TEST_F(UserEventsTest, WhatRunsBehindAFailedOneAllTheSameIsCharged) {
  cl_command_queue queue = NewQueue();
  cl_event user = UserEvent();
  driver().runs_after_failure = true;
  ASSERT_EQ(Kernel(queue, {user}), CL_SUCCESS);
  ASSERT_EQ(Kernel(queue), CL_SUCCESS);
  const std::uint64_t before = Commands();

  Set(user, -5);
  EXPECT_EQ(InFlight(), 0u);
  EXPECT_EQ(driver().RunAll(), 1);

  EXPECT_EQ(Commands(), before + 1);
}

TEST_F(UserEventsTest, ACommandThatDependsOnAFailedOneNeverHoldsTheLease) {
  cl_command_queue queue = NewQueue(), other = NewQueue();
  cl_event user = UserEvent(), dependent = nullptr;
  ASSERT_EQ(Kernel(queue, {user}, &dependent), CL_SUCCESS);
  Set(user, -5);

  ASSERT_EQ(Kernel(other, {dependent}), CL_SUCCESS);

  EXPECT_EQ(InFlight(), 0u);
  hook::clReleaseEvent(dependent);
}

TEST_F(UserEventsTest, ARefusedCommandLeavesNothingBehind) {
  cl_command_queue queue = NewQueue();
  cl_event user = UserEvent();
  driver().refuse_next = CL_OUT_OF_RESOURCES;
  EXPECT_EQ(Kernel(queue, {user}), CL_OUT_OF_RESOURCES);

  // The queue does not wait for the user event: the next command is gated.
  ASSERT_EQ(Kernel(queue), CL_SUCCESS);

  EXPECT_EQ(InFlight(), 1u);
  Set(user);
}

TEST_F(UserEventsTest, OneThatIsReleasedUnsetIsForgotten) {
  cl_command_queue queue = NewQueue();
  cl_event user = UserEvent();
  hook::clRetainEvent(user);
  ASSERT_EQ(Kernel(queue, {user}), CL_SUCCESS);

  hook::clReleaseEvent(user);
  EXPECT_TRUE(AnyUserEventUnset());
  hook::clReleaseEvent(user);

  EXPECT_FALSE(AnyUserEventUnset());
  QueueDriver::Of(user).status = CL_COMPLETE;  // let the fake finish its queue
}

TEST_F(UserEventsTest, OneSetWhileItsDependentEntersTheDriverCountsIt) {
  cl_command_queue queue = NewQueue();
  cl_event user = UserEvent();
  driver().in_next_enqueue = [&] { Set(user); };

  ASSERT_EQ(Kernel(queue, {user}), CL_SUCCESS);

  EXPECT_EQ(InFlight(), 1u);
}

TEST_F(UserEventsTest, OneThatFailsWhileItsDependentEntersTheDriverDropsIt) {
  cl_command_queue queue = NewQueue();
  cl_event user = UserEvent();
  driver().in_next_enqueue = [&] { Set(user, -5); };

  ASSERT_EQ(Kernel(queue, {user}), CL_SUCCESS);

  EXPECT_EQ(InFlight(), 0u);
  driver().RunAll();
  hook::clFinish(queue);
}

TEST_F(UserEventsTest, ABlockingCommandBehindOneIsCountedWhenItIsSet) {
  cl_command_queue queue = NewQueue();
  cl_event user = UserEvent();
  ASSERT_EQ(Kernel(queue, {user}), CL_SUCCESS);
  std::uint32_t in_flight = 99;
  driver().in_next_enqueue = [&] {
    Set(user);
    in_flight = InFlight();
  };
  char byte;

  ASSERT_EQ(hook::clEnqueueReadBuffer(queue, nullptr, CL_TRUE, 0, 1, &byte, 0, nullptr, nullptr), CL_SUCCESS);

  EXPECT_EQ(in_flight, 2u);
  EXPECT_EQ(InFlight(), 0u);
}

TEST_F(UserEventsTest, OurReferencesAreHidden) {
  cl_command_queue queue = NewQueue();
  cl_event user = UserEvent(), event = nullptr;
  ASSERT_EQ(Kernel(queue, {user}, &event), CL_SUCCESS);
  cl_uint shown = 0;
  hook::clGetEventInfo(event, CL_EVENT_REFERENCE_COUNT, sizeof shown, &shown, nullptr);

  EXPECT_EQ(shown, 2u);  // the application's and the driver's
  EXPECT_EQ(QueueDriver::Of(event).references, 3);
  Set(user);
  driver().RunAll();
  EXPECT_EQ(QueueDriver::Of(event).references, 1);
  hook::clReleaseEvent(event);
}

TEST_F(UserEventsTest, MoreThanThereAreBitsForAreStillCharged) {
  cl_command_queue queue = NewQueue(CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
  std::vector<cl_event> users;
  for (std::uint32_t i = 0; i < 3 * UserEventSet::kBits; ++i) {
    users.push_back(UserEvent());
    ASSERT_EQ(Kernel(queue, {users.back()}), CL_SUCCESS);
  }
  const std::uint64_t before = Commands();

  for (cl_event user : users) {
    Set(user);
    driver().RunAll();
  }

  EXPECT_EQ(Commands() - before, users.size());
}

}  // namespace
}  // namespace flexai::opencl::testing
