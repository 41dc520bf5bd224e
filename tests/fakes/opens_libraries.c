/* Opens the libraries it is given, says so, and stays until it is asked to end: a program that uses a driver in its own way.
 * A word NAME=VALUE is put into the environment first, NAME= taken out of it: "OPENCL_LAYERS=" makes a loader forget its layers. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    char* equals = strchr(argv[i], '=');
    if (equals != NULL) {
      *equals = '\0';
      if (equals[1] != '\0')
        setenv(argv[i], equals + 1, 1);
      else
        unsetenv(argv[i]);
      continue;
    }
    void* library = dlopen(argv[i], RTLD_NOW);
    if (library == NULL) {
      fprintf(stderr, "%s\n", dlerror());
      return 1;
    }
    /* A loader loads drivers and layers at its first call. */
    int (*get_platforms)(unsigned, void*, unsigned*) = (int (*)(unsigned, void*, unsigned*))dlsym(library, "clGetPlatformIDs");
    unsigned count = 0;
    if (get_platforms != NULL && strstr(argv[i], "libOpenCL") != NULL) get_platforms(0, NULL, &count);
  }
  printf("opened\n");
  fflush(stdout);
  for (;;) pause();
}
