/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a writer knew. An editor, or sed, reads a record and saves it later; what a tool changed in between is not in its
 * text, and must not be undone by it. So it is remembered which thread opened which record to read, and when; a save by
 * the same process is merged with the record as it was then.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "tree/known.h"

enum {
	MAX_THREADS = 256,
	MAX_KNOWN = 4096, /* openings that are remembered; a power of two */
};

struct known {
	uint64_t ino;
	int32_t tid;
	int64_t position;
	int64_t ms; /* since the machine was started */
	cJSON *own; /* where others had changed it too: what it had made of it; else NULL */
};

void known_begin(struct tree *tree)
{
	tree->known = mem_alloc(MAX_KNOWN * sizeof(*tree->known));
}

void known_end(struct tree *tree)
{
	for (size_t i = 0; i < MAX_KNOWN; i++)
		cJSON_Delete(tree->known[i].own);
	free(tree->known);
}

static int64_t since_boot_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

/* When the thread began; INT64_MAX when it is gone. A number is soon given to another one. */
static int64_t thread_start_ms(int32_t tid)
{
	char path[64];
	struct buf b = BUF_INIT(BUF_MAX_TEXT);
	const char *p;
	int64_t ms = INT64_MAX;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	/* The 22nd word, in ticks; the second is a name in brackets, which may have spaces in it (proc(5)). */
	p = file_read(path, &b, NULL) == 0 ? strrchr(buf_text(&b), ')') : NULL;
	for (int word = 2; p && word < 22; word++)
		p = strchr(p + 1, ' ');
	if (p)
		ms = strtoll(p + 1, NULL, 10) * 1000 / sysconf(_SC_CLK_TCK);
	buf_finish(&b);
	return ms;
}

static struct known *slot_of(struct tree *tree, int32_t tid, uint64_t ino)
{
	uint64_t mixed = (ino ^ ((uint64_t)(uint32_t)tid << 32)) * UINT64_C(0x9e3779b97f4a7c15);

	return &tree->known[mixed >> 32 & (MAX_KNOWN - 1)];
}

/* Takes @own. @again false: what is known already stands. */
static void put(
	struct tree *tree, const struct caller *who, uint64_t ino, int64_t position, cJSON *own, _Bool again)
{
	struct known *k = slot_of(tree, who->tid, ino);
	struct known now = {
		.ino = ino, .tid = who->tid, .position = position, .ms = since_boot_ms(), .own = own};

	pthread_mutex_lock(&tree->mutex);
	if (who->tid > 0 && (again || k->tid != now.tid || k->ino != now.ino)) {
		cJSON_Delete(k->own);
		*k = now;
		own = NULL;
	}
	pthread_mutex_unlock(&tree->mutex);
	cJSON_Delete(own);
}

void known_note(struct tree *tree, const struct caller *who, uint64_t ino, _Bool again)
{
	put(tree, who, ino, store_position(tree->store), NULL, again);
}

/* A shell passes on what other programs made of what yet others had read. */
static _Bool is_shell(const struct caller *who)
{
	static const char *const shells[] = {"sh", "bash", "dash", "zsh", "fish", "ksh", "busybox"};
	struct origin origin = save_origin(who, "");

	for (size_t i = 0; i < ARRAY_LEN(shells); i++) {
		if (strcmp(origin.program, shells[i]) == 0)
			return 1;
	}
	return 0;
}

/* .own is not duplicated: only whether there is one is of use without the lock. */
static struct known find(struct tree *tree, int32_t tid, uint64_t ino)
{
	struct known k;

	pthread_mutex_lock(&tree->mutex);
	k = *slot_of(tree, tid, ino);
	pthread_mutex_unlock(&tree->mutex);
	if (k.tid != tid || k.ino != ino || k.ms < thread_start_ms(tid))
		k = (struct known){0};
	return k;
}

/* The last time that any thread of the process opened it: one reads, another one writes. */
static struct known find_any(struct tree *tree, const struct caller *who, uint64_t ino)
{
	struct known last = find(tree, who->tid, ino), k;
	struct dirent *entry;
	char path[64];
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", save_process(who));
	d = opendir(path);
	for (int i = 0; d && i < MAX_THREADS && (entry = readdir(d)); i++) {
		k = find(tree, (int32_t)strtol(entry->d_name, NULL, 10), ino);
		if (k.position > last.position)
			last = k;
	}
	if (d)
		closedir(d);
	return last;
}

int64_t known_by(struct tree *tree, const struct caller *who, uint64_t ino, int64_t position, cJSON **ret_own)
{
	struct known k = find_any(tree, who, ino), *slot = slot_of(tree, k.tid, ino);

	if (!k.tid || is_shell(who))
		return position;
	pthread_mutex_lock(&tree->mutex);
	if (slot->own && slot->tid == k.tid && slot->ino == ino)
		*ret_own = cJSON_Duplicate(slot->own, 1);
	pthread_mutex_unlock(&tree->mutex);
	return k.position < position ? k.position : position;
}

/* What threads that have ended had made of it helps nobody, and may be as large as a table. */
static void drop_ended(struct tree *tree)
{
	for (size_t i = 0; i < MAX_KNOWN; i++) {
		struct known *slot = &tree->known[i], k;
		cJSON *own = NULL;

		pthread_mutex_lock(&tree->mutex);
		k = *slot;
		pthread_mutex_unlock(&tree->mutex);
		if (!k.own || thread_start_ms(k.tid) <= k.ms)
			continue;
		pthread_mutex_lock(&tree->mutex);
		if (slot->own == k.own && slot->tid == k.tid && slot->ms == k.ms) {
			own = slot->own;
			slot->own = NULL;
		}
		pthread_mutex_unlock(&tree->mutex);
		cJSON_Delete(own);
	}
}

void known_saved(
	struct tree *tree, const struct caller *who, uint64_t ino, const struct ticket *ticket, cJSON *own)
{
	_Bool keeps = !ticket->alone && own;

	if (keeps)
		drop_ended(tree);
	if (find_any(tree, who, ino).tid)
		put(tree, who, ino, ticket->position, keeps ? own : NULL, 1);
	else
		keeps = 0;
	if (!keeps)
		cJSON_Delete(own);
}
