/* SPDX-License-Identifier: Apache-2.0 */
/* clock - wall time in UTC milliseconds, and a clock that never jumps.        Threads: any. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * clock_now_ms - milliseconds since 1970-01-01T00:00:00Z
 *
 * A build with -DSEAMFS_FAULTS adds as many seconds as the file says that SEAMFS_CLOCK names.
 */
int64_t clock_now_ms(void);

/* clock_steady_ms - milliseconds of a clock that only goes forward; for deadlines */
int64_t clock_steady_ms(void);

/* clock_format_utc - "2026-11-23T10:22:33Z" ("….537Z" when @ms is not a whole second) into @text */
#define CLOCK_UTC_SIZE 32
char *clock_format_utc(int64_t ms, char text[CLOCK_UTC_SIZE]);
