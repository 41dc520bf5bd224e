#include "device/xpu.hpp"

#include <gtest/gtest.h>

namespace flexai::device {
namespace {

TEST(XpuDocumentTest, CarriesEverythingAcrossThePipe) {
  Xpu xpu;
  xpu.id = XpuId::Parse("nvidia-1a2b").value();
  xpu.kind = XpuKind::kGpu;
  xpu.vendor = "NVIDIA \"Corporation\"\n";
  xpu.model = "H100";
  xpu.memory = Bytes{80ULL << 30};
  xpu.compute_units = 132;
  xpu.driver_version = "570.1";
  xpu.platform = "NVIDIA CUDA";
  xpu.driver_library = "/usr/lib/libnvidia-opencl.so.1";
  xpu.uuid = "1a2b";
  xpu.pci_address = "0000:3b:00.0";
  xpu.extensions = std::string(2000, 'x') + " cl_khr_fp64";
  xpu.sources = {"nvidia.icd", "NVML"};

  const auto read = XpuFromDocument(Document::ParseJson(ToDocument(xpu).ToJson()).value());

  ASSERT_TRUE(read);
  EXPECT_EQ(ToDocument(*read).ToJson(), ToDocument(xpu).ToJson());
  EXPECT_EQ(read->vendor, xpu.vendor);
}

TEST(XpuDocumentTest, WhatIsUnknownStaysUnknown) {
  Xpu xpu;
  xpu.id = XpuId::Parse("a").value();
  const Document document = ToDocument(xpu);

  EXPECT_TRUE(document["memory_bytes"].IsNull());
  EXPECT_TRUE(document["compute_units"].IsNull());
  EXPECT_FALSE(XpuFromDocument(document)->memory);
}

TEST(XpuDocumentTest, RefusesWhatIsNoXpu) {
  for (const char* text :
       {"null", "[]", "{}", R"({"id": "../x", "kind": "gpu"})", R"({"id": "a", "kind": "toaster"})", R"({"id": 7, "kind": "gpu"})"}) {
    const auto xpu = XpuFromDocument(Document::ParseJson(text).value());
    ASSERT_FALSE(xpu) << text;
    EXPECT_EQ(xpu.error().code, ErrorCode::kCorrupt);
  }
}

TEST(XpuDocumentTest, OverlongAndOversizedValuesAreCut) {
  Document document =
      Document::Of({{"id", "a"}, {"kind", "gpu"}, {"model", std::string(100'000, 'm')}, {"compute_units", std::uint64_t{1} << 40}});
  const auto xpu = XpuFromDocument(document);

  ASSERT_TRUE(xpu);
  EXPECT_EQ(xpu->model.size(), 1024u);
  EXPECT_FALSE(xpu->compute_units);
}

}  // namespace
}  // namespace flexai::device
