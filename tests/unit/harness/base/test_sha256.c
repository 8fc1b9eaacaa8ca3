#include "harness/base/sha256.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka.h"

/* The examples of FIPS 180-4, and what sha256sum says of others around the ends of blocks. */
static const struct {
	const char *text;
	size_t times;
	const char *sum;
} vectors[] = {
	{"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	{"a", 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
	{"a", 56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
	{"a", 63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"},
	{"a", 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
	{"a", 119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"},
	{"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

static void sums_are_those_of_the_standard(void **state)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		char sum[CB_SHA256_TEXT];
		struct cb_sha256 s;

		cb_sha256_init(&s);
		for (size_t k = 0; k < vectors[i].times; k++)
			cb_sha256_add(&s, vectors[i].text, strlen(vectors[i].text));
		cb_sha256_text(&s, sum);
		assert_string_equal(sum, vectors[i].sum);
	}
}

static void pieces_make_no_difference(void **state)
{
	char bytes[1000], whole[CB_SHA256_TEXT], sum[CB_SHA256_TEXT];
	struct cb_sha256 s;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7);
	cb_sha256_init(&s);
	cb_sha256_add(&s, bytes, sizeof(bytes));
	cb_sha256_text(&s, whole);
	for (size_t step = 1; step < 200; step += 13) {
		cb_sha256_init(&s);
		for (size_t at = 0; at < sizeof(bytes); at += step)
			cb_sha256_add(&s, bytes + at,
				at + step < sizeof(bytes) ? step : sizeof(bytes) - at);
		cb_sha256_text(&s, sum);
		assert_string_equal(sum, whole);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_are_those_of_the_standard),
		cmocka_unit_test(pieces_make_no_difference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
