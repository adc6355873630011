/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/net/crypto.h"

enum { KEY_SIZE = 32, PATH_BYTES = 24 };

/* ---- addresses ---- */

static int make_key(const char *path, unsigned char key[KEY_SIZE], struct err *e)
{
	_cleanup_(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 && errno == EEXIST)
		return 0;
	crypto_random(key, KEY_SIZE);
	if (fd < 0 || write(fd, key, KEY_SIZE) != KEY_SIZE || fsync(fd) < 0)
		return err_set(e, errno ? errno : EIO, "cannot write %s: %s", path, strerror(errno));
	return 1;
}

/* One key for all addresses of a mount; whoever removes its file gets new ones. */
static int load_key(const char *state, unsigned char key[KEY_SIZE], struct err *e)
{
	_cleanup_(mem_freep) char *path = path_join(state, "hook.key");
	_cleanup_(buf_finish) struct buf bytes = BUF_INIT(4096);
	int r = file_make_dirs(state, 0700, e);

	if (r == 0)
		r = make_key(path, key, e);
	if (r != 0)
		return r < 0 ? r : 0;
	r = file_read(path, &bytes, e);
	if (r == 0 && bytes.len != KEY_SIZE)
		r = err_set(e, EINVAL,
			"%s is no key: remove it, and give the new addresses to those who have the old ones",
			path);
	if (r == 0)
		memcpy(key, buf_text(&bytes), KEY_SIZE);
	return r;
}

static int derive(const char *state, const char *what, size_t len, struct buf *b, struct err *e)
{
	unsigned char key[KEY_SIZE], hash[CRYPTO_HASH_MAX];
	int r = load_key(state, key, e);

	if (r < 0)
		return r;
	crypto_hmac(CRYPTO_SHA256, key, KEY_SIZE, what, strlen(what), hash);
	explicit_bzero(key, sizeof(key));
	return crypto_base64url(b, hash, len);
}

int hooks_path(const char *state, const char *tool, char **ret, struct err *e)
{
	_cleanup_(mem_freep) char *what = tool ? str_format("hook %s", tool) : str_dup("in");
	struct buf b = BUF_INIT(256);
	int r;

	if (tool)
		buf_printf(&b, "/hook/%s/", tool);
	else
		buf_puts(&b, "/in/");
	r = derive(state, what, PATH_BYTES, &b, e);
	if (r < 0)
		buf_finish(&b);
	else
		*ret = buf_steal(&b);
	return r;
}

/* ---- beginning and end ---- */

int hooks_check(const struct stack *stack, struct err *e)
{
	const struct stack_hooks *k = &stack->hooks;
	struct err why = {0};
	char pointer[80];

	if (k->address && listen_check(k->address, &why) < 0)
		return stack_fail(stack, "/listen/address", EINVAL, e, "%s", why.text);
	if (k->url && http_check_url(k->url, &why) < 0)
		return stack_fail(stack, "/listen/url", EINVAL, e, "%s", why.text);
	for (int i = 0; i < k->count; i++) {
		struct secret secret = {0};
		int r = http_check_url(k->subscriptions[i].url, &why);

		snprintf(pointer, sizeof(pointer), "/subscriptions/%d/url", i);
		if (r < 0)
			return stack_fail(stack, pointer, EINVAL, e, "%s", why.text);
		r = secret_load(k->subscriptions[i].secret, stack->base_dir, &secret, &why);
		secret_finish(&secret);
		snprintf(pointer, sizeof(pointer), "/subscriptions/%d/secret", i);
		if (r < 0)
			return stack_fail(stack, pointer, -r, e, "%s", why.text);
	}
	return 0;
}

static int start_inbox(struct hooks *h, const struct stack *stack, struct tree *tree, struct err *e)
{
	h->inbox = (struct inbox){.stack = stack, .tree = tree, .state = h->state};
	return inbox_start(&h->inbox, e);
}

static int start_deliverers(struct hooks *h, const struct stack *stack, struct err *e)
{
	_cleanup_(buf_finish) struct buf prefix = BUF_INIT(64);
	int r = stack->hooks.count ? derive(h->state, "messages", 6, &prefix, e) : 0;

	for (int i = 0; i < stack->hooks.count && r == 0; i++) {
		struct deliverer *d = &h->deliverers[h->count++];

		d->stack = stack;
		d->subscription = &stack->hooks.subscriptions[i];
		d->store = h->store;
		d->stop = &h->stop;
		d->prefix = str_dup(buf_text(&prefix));
		r = deliverer_start(d, e);
	}
	return r;
}

int hooks_start(
	const struct stack *stack, struct tree *tree, const char *state, struct hooks **ret, struct err *e)
{
	struct hooks *h = mem_alloc(sizeof(*h));
	int r = hooks_check(stack, e);

	h->store = tree_store(tree);
	h->state = str_dup(state);
	if (r == 0)
		r = start_deliverers(h, stack, e);
	if (r == 0 && stack->hooks.address)
		r = start_inbox(h, stack, tree, e);
	if (r < 0) {
		hooks_stop(h);
		return r;
	}
	*ret = h;
	return 0;
}

void hooks_stop(struct hooks *h)
{
	if (!h)
		return;
	inbox_stop(&h->inbox);
	atomic_store(&h->stop, 1);
	store_ring(h->store);
	for (int i = 0; i < h->count; i++)
		deliverer_stop(&h->deliverers[i]);
	free(h->state);
	free(h);
}
