/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target for connect/manifest: any text is a manifest or is refused with a sentence, and one that is taken can be opened and
 * asked for what it says.
 *
 * Input: the file, and, behind a byte 0xff, the tool's object in stack.json.
 */
#include "connect/manifest.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(condition)                                                                                      \
	do {                                                                                                 \
		if (!(condition))                                                                            \
			abort();                                                                             \
	} while (0)

/* What the engine does not look at again. */
static void check_fields(const struct mapping *m)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct map_field *f = &m->fields[i];

		must(f->to && *f->to == '/');
		must(!f->at || *f->at == '/');
		must((f->field->kind == FIELD_LINES) == (f->lines.fields != NULL));
		check_fields(&f->lines);
	}
}

static void check_manifest(const struct manifest *m)
{
	must(m->title && m->check && m->http);
	for (int i = 0; i < TYPE_COUNT; i++) {
		const struct manifest_type *t = &m->types[i];

		if (!t->type)
			continue;
		must(t->list && t->one && t->id.count > 0 && t->id.count <= ID_PARTS);
		must(!t->create || t->once);
		for (int k = 0; k < t->id.count; k++)
			must(t->id.at[k] != NULL);
		check_fields(&t->map);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *mark = memchr(data, 0xff, size);
	size_t len = mark ? (size_t)(mark - data) : size;
	int fd = memfd_create("manifest", MFD_CLOEXEC);
	_cleanup_(mem_freep) char *path = str_format("/proc/self/fd/%d", fd);
	_cleanup_(manifest_freep) struct manifest *m = NULL;
	_cleanup_json_ cJSON *overrides = NULL;
	struct err e = {0};

	must(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	if (mark)
		json_parse((const char *)mark + 1, size - len - 1, JSON_STRICT, &overrides, NULL, NULL);
	if (manifest_load(path, overrides, &m, &e) == 0)
		check_manifest(m);
	else
		must(e.code && e.text[0]);
	close(fd);
	return 0;
}
