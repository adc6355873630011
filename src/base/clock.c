/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

#ifdef SEAMFS_FAULTS
/* Tests live through weeks in seconds. */
static int64_t simulated_ms(void)
{
	const char *path = getenv("SEAMFS_CLOCK");
	FILE *f = path ? fopen(path, "re") : NULL;
	long long seconds = 0;

	if (f && fscanf(f, "%lld", &seconds) != 1)
		seconds = 0;
	if (f)
		fclose(f);
	return seconds * 1000;
}
#else
static int64_t simulated_ms(void)
{
	return 0;
}
#endif

int64_t clock_now_ms(void)
{
	return read_clock(CLOCK_REALTIME) + simulated_ms();
}

int64_t clock_steady_ms(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

char *clock_format_utc(int64_t ms, char text[CLOCK_UTC_SIZE])
{
	int64_t part = ((ms % 1000) + 1000) % 1000;
	time_t seconds = (time_t)((ms - part) / 1000);
	struct tm t;
	size_t n;

	gmtime_r(&seconds, &t);
	/* strftime's %Y has no zeros in front, and many a tool says "never" with the year 1. */
	n = (size_t)snprintf(text, CLOCK_UTC_SIZE, "%04d", t.tm_year + 1900);
	n += strftime(text + n, CLOCK_UTC_SIZE - n, "-%m-%dT%H:%M:%S", &t);
	if (part)
		snprintf(text + n, CLOCK_UTC_SIZE - n, ".%03dZ", (int)part);
	else
		snprintf(text + n, CLOCK_UTC_SIZE - n, "Z");
	return text;
}
