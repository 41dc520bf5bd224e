// Objects made of memory that another API allocated (OpenGL, EGL). The ledger sees that memory for the first time here, so it is charged like an allocation,
// once for each import, and given back when the OpenCL object ends; over the quota the import is refused.
#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/hooks.hpp"
#include "intercept/opencl/memory.hpp"

namespace flexai::opencl {
namespace {

template <class Import>
cl_mem ImportCharged(cl_context context, cl_int* errcode_ret, Import import) noexcept {
  const ContextShares shares(context);
  if (!shares.enforced()) return import(errcode_ret);
  Creation creation;
  creation.exact = false;
  creation.refusal = CL_OUT_OF_RESOURCES;  // what these functions have for it
  return CreateCharged(shares, creation, errcode_ret, import, [] { return CL_SUCCESS; });
}

}  // namespace

namespace hook {

cl_mem clCreateFromGLBuffer(cl_context context, cl_mem_flags flags, cl_GLuint bufobj, cl_int* errcode_ret) {
  return ImportCharged(context, errcode_ret, [&](cl_int* error) { return Next().clCreateFromGLBuffer(context, flags, bufobj, error); });
}

cl_mem clCreateFromGLTexture2D(cl_context context, cl_mem_flags flags, cl_GLenum target, cl_GLint miplevel, cl_GLuint texture,
                               cl_int* errcode_ret) {
  return ImportCharged(context, errcode_ret,
                       [&](cl_int* error) { return Next().clCreateFromGLTexture2D(context, flags, target, miplevel, texture, error); });
}

cl_mem clCreateFromGLTexture3D(cl_context context, cl_mem_flags flags, cl_GLenum target, cl_GLint miplevel, cl_GLuint texture,
                               cl_int* errcode_ret) {
  return ImportCharged(context, errcode_ret,
                       [&](cl_int* error) { return Next().clCreateFromGLTexture3D(context, flags, target, miplevel, texture, error); });
}

cl_mem clCreateFromGLTexture(cl_context context, cl_mem_flags flags, cl_GLenum target, cl_GLint miplevel, cl_GLuint texture,
                             cl_int* errcode_ret) {
  return ImportCharged(context, errcode_ret,
                       [&](cl_int* error) { return Next().clCreateFromGLTexture(context, flags, target, miplevel, texture, error); });
}

cl_mem clCreateFromGLRenderbuffer(cl_context context, cl_mem_flags flags, cl_GLuint renderbuffer, cl_int* errcode_ret) {
  return ImportCharged(context, errcode_ret,
                       [&](cl_int* error) { return Next().clCreateFromGLRenderbuffer(context, flags, renderbuffer, error); });
}

cl_mem clCreateFromEGLImageKHR(cl_context context, CLeglDisplayKHR display, CLeglImageKHR image, cl_mem_flags flags,
                               const cl_egl_image_properties_khr* properties, cl_int* errcode_ret) {
  return ImportCharged(context, errcode_ret,
                       [&](cl_int* error) { return Next().clCreateFromEGLImageKHR(context, display, image, flags, properties, error); });
}

}  // namespace hook
}  // namespace flexai::opencl
