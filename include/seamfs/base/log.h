/* SPDX-License-Identifier: Apache-2.0 */
/* log - one line per event on stderr: "level module: text".        Threads: any. Never log a secret. */
#pragma once

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level level);

/* log_line - writes one line; control characters in the text are escaped, so remote text is safe to log */
void log_line(enum log_level level, const char *module, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define log_error(module, ...)	 log_line(LOG_LEVEL_ERROR, module, __VA_ARGS__)
#define log_warning(module, ...) log_line(LOG_LEVEL_WARNING, module, __VA_ARGS__)
#define log_info(module, ...)	 log_line(LOG_LEVEL_INFO, module, __VA_ARGS__)
#define log_debug(module, ...)	 log_line(LOG_LEVEL_DEBUG, module, __VA_ARGS__)
