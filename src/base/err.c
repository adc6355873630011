/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/mem.h"

static int fill(struct err *e, int code, const char *field, const char *format, va_list args)
{
	char text[sizeof(e->text)];

	if (!e)
		return -code;
	vsnprintf(text, sizeof(text), format, args);
	memset(e, 0, sizeof(*e));
	e->code = code;
	snprintf(e->field, sizeof(e->field), "%s", field);
	memcpy(e->text, text, sizeof(text));
	return -code;
}

int err_set(struct err *e, int code, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = fill(e, code, "", format, args);
	va_end(args);
	return r;
}

int err_field(struct err *e, int code, const char *field, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = fill(e, code, field, format, args);
	va_end(args);
	return r;
}

void err_prefix(struct err *e, const char *prefix)
{
	char text[sizeof(e->text)];

	if (!e)
		return;
	if ((size_t)snprintf(text, sizeof(text), "%s: %s", prefix, e->text) >= sizeof(text))
		text[sizeof(text) - 1] = '\0';
	memcpy(e->text, text, sizeof(text));
}

void err_clear(struct err *e)
{
	if (e)
		memset(e, 0, sizeof(*e));
}

const char *err_name(int code)
{
	static const struct {
		int code;
		const char *name;
	} names[] = {
		{EINVAL, "EINVAL"},
		{EPERM, "EPERM"},
		{EACCES, "EACCES"},
		{ENOENT, "ENOENT"},
		{EEXIST, "EEXIST"},
		{ESTALE, "ESTALE"},
		{EAGAIN, "EAGAIN"},
		{EDQUOT, "EDQUOT"},
		{EFBIG, "EFBIG"},
		{EROFS, "EROFS"},
		{EXDEV, "EXDEV"},
		{ENOSPC, "ENOSPC"},
		{E2BIG, "E2BIG"},
		{EBUSY, "EBUSY"},
		{ENOTDIR, "ENOTDIR"},
		{ENOTEMPTY, "ENOTEMPTY"},
		{EISDIR, "EISDIR"},
		{ETIMEDOUT, "ETIMEDOUT"},
		{EOPNOTSUPP, "EOPNOTSUPP"},
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (names[i].code == code)
			return names[i].name;
	}
	return "EIO";
}
