#include "harness/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

int cb_terminal_columns(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
		return size.ws_col;
	return 100;
}
