#include <unistd.h>

#include "cli/main.hpp"

int main(int argc, char** argv) { return flexai::cli::Main(argc, argv, environ); }
