# Names for the scripts in tools/, which do the work and also run where make is missing: `bash tools/demo`.
.PHONY: demo test build bench check e2e soak fuzz asan tsan coverage format install uninstall package help
help:
	@echo 'make demo    install packages, build, show flexai at work'
	@echo 'make test    install packages, build, run unit and integration tests'
	@echo 'also: build bench check e2e soak fuzz asan tsan coverage format'
	@echo 'make install, make uninstall    PREFIX (default /usr/local) and DESTDIR are heeded'
	@echo 'make package    a .deb in build/packages'

demo test build bench check e2e soak fuzz asan tsan coverage format install package:
	@bash tools/$@
uninstall:
	@bash tools/install --uninstall
