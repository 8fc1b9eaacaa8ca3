/* Test-bed files: what they come to, and what is said about those that are wrong. */
#include "harness/testbed/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness/base/check.h"

static const char figure4[] =
	"name: figure4\n"
	"hosts:\n"
	"  g1: {ssh: gen.example.net, ports: {p0: eth1}}\n"
	"  g2: {ports: {a: {pci: \"0000:03:00.0\"}, b: eth2}, become: sudo}\n"
	"  xeon: {ssh: bob@xeon, control: 10.0.0.2, ports: {p0: {mac: \"02:00:00:00:00:01\"}},\n"
	"         cores: [2, 4, 6], directory: /var/cache/cb, pre: [[ip, link, set, x, 'a b']],\n"
	"         post: [[true], [sh, -c, 'exit 0']]}\n"
	"  amd: {ports: {p0: eth0}, cores: [0, 1]}\n"
	"links: [[g1.p0, g2.a, xeon.p0, amd.p0]]\n"
	"roles: {generators: [g2, g1], sensors: [xeon, amd]}\n";

static void a_file_is_read(void **state)
{
	struct cb_bed *bed;
	struct cb_error err = {0};
	const struct cb_bed_host *h;

	if (cb_bed_load(&bed, "t.yaml", figure4, &err))
		fail_msg("%s", err.text);
	assert_string_equal(bed->name, "figure4");
	assert_int_equal(bed->n_hosts, 4);
	assert_int_equal(bed->n_generators, 2);
	assert_int_equal(bed->generators[0].host, 1);
	assert_int_equal(bed->generators[0].port, 0);
	assert_int_equal(bed->generators[1].host, 0);
	assert_int_equal(bed->sensors[1].host, 3);
	h = &bed->hosts[1];
	assert_string_equal(h->ssh, "g2");
	assert_int_equal(h->become, CB_BED_BECOME_SUDO);
	assert_int_equal(h->ports[0].by, CB_BED_PCI);
	assert_string_equal(h->ports[0].value, "0000:03:00.0");
	assert_int_equal(h->ports[1].by, CB_BED_INTERFACE);
	assert_null(h->pre);
	h = &bed->hosts[2];
	assert_string_equal(h->ssh, "bob@xeon");
	assert_string_equal(h->control, "10.0.0.2");
	assert_string_equal(h->directory, "/var/cache/cb");
	assert_int_equal(h->n_cores, 3);
	assert_int_equal(h->cores[2], 6);
	assert_int_equal(json_array_size(h->post), 2);
	assert_string_equal(json_string_value(json_array_get(json_array_get(h->pre, 0), 4)), "a b");
	cb_bed_destroy(bed);
}

static void a_plan_knows_what_the_file_tells(void **state)
{
	struct cb_testbed_shape shape;
	struct cb_bed *bed;

	assert_int_equal(cb_bed_load(&bed, "t.yaml", figure4, NULL), 0);
	cb_bed_shape(bed, &shape);
	assert_int_equal(shape.n_sensors, 2);
	assert_string_equal(shape.sensors[0].name, "xeon");
	assert_int_equal(shape.sensors[0].cores, 3);
	assert_int_equal(shape.sensors[1].cores, 2);
	assert_int_equal(shape.cores, 2);
	assert_int_equal(shape.n_generators, 2);
	assert_false(shape.shared);
	cb_bed_destroy(bed);
}

#define HOSTS(a, b) "name: x\nhosts:\n  a: {" a "}\n  b: {" b "}\n"
#define P0          "ports: {p0: eth1}"
#define LINK        "links: [[a.p0, b.p0]]\n"
#define ROLES       "roles: {generators: [a], sensors: [b]}\n"

#define COUNTED HOSTS(P0, P0) "  c: {" P0 "}\n" LINK ROLES

static const struct {
	const char *text, *error;
} wrong[] = {
	{"", "t.yaml"},
	{"- a\n", "t.yaml:1:1: a test-bed is a map of keys"},
	{"hosts: {}\n", "name: is missing"},
	{"name: ../x\nhosts: {}\n", "t.yaml:1:7: name:"},
	{"name: x\n", "hosts: is missing"},
	{"name: x\nhosts: {}\n", "hosts: 1 to 64"},
	{"name: x\nhost: {}\n", "did you mean \"hosts\"?"},
	{HOSTS("prots: {}", P0), "did you mean \"ports\"?"},
	{HOSTS("", P0), "hosts.a.ports: is missing"},
	{"name: x\nhosts: {a: eth1}\n", "hosts.a: is a value: a map of keys is wanted"},
	{HOSTS("ssh: a", P0), "t.yaml:3:6: hosts.a.ports: is missing"},
	{HOSTS("ports: {p0: {pci: x, mac: y}}", P0), "one of interface, pci and mac"},
	{HOSTS("ports: {p0: {vlan: x}}", P0), "one of interface, pci and mac"},
	{HOSTS("ports: {p0: \"eth1; reboot\"}", P0), "can't be a interface"},
	{HOSTS("ports: {\"a.b\": eth1}", P0), "is no name"},
	{HOSTS("ssh: -oProxyCommand=reboot, " P0, P0), "is no name of a host"},
	{HOSTS("ssh: \"a b\", " P0, P0), "is no name of a host"},
	{HOSTS("control: \"$(reboot)\", " P0, P0), "is no name of a host"},
	{HOSTS("directory: \"/tmp/a b\", " P0, P0), "an absolute path of letters"},
	{HOSTS("directory: \"/tmp/';reboot;'\", " P0, P0), "an absolute path of letters"},
	{HOSTS("directory: tmp, " P0, P0), "an absolute path"},
	{HOSTS("become: su, " P0, P0), "become"},
	{HOSTS("cores: [], " P0, P0), "a list of 1 to 64 cores"},
	{HOSTS("cores: [0, -1], " P0, P0), "a core is a number from 0"},
	{HOSTS("cores: [0, 1x], " P0, P0), "a core is a number from 0"},
	{HOSTS("cores: [3, 3], " P0, P0), "core 3 is there twice"},
	{HOSTS("pre: reboot, " P0, P0), "hosts.a.pre: a list of commands"},
	{HOSTS("pre: [reboot], " P0, P0), "no shell reads it"},
	{HOSTS("pre: [[]], " P0, P0), "no shell reads it"},
	{"name: x\nhosts:\n  \"a'b\": {" P0 "}\n", "can't be a host's name"},
	{"name: x\nhosts:\n  all: {" P0 "}\n", "can't be a host's name"},
	{HOSTS(P0, P0), "links: a list with one link"},
	{HOSTS(P0, P0) "links: [[a.p0], [b.p0]]\n", "links: a list with one link"},
	{HOSTS(P0, P0) "links: [[a.p0]]\n", "a link is a list of 2 to 64 ports"},
	{HOSTS(P0, P0) "links: [[a.p0, b]]\n", "a port is written host.port"},
	{HOSTS(P0, P0) "links: [[a.p0, c.p0]]\n",
		"t.yaml:5:16: links: c.p0: there is no such host"},
	{HOSTS(P0, P0) "links: [[a.p0, b.p1]]\n", "host b has no such port"},
	{HOSTS(P0, P0) "links: [[a.p0, b.p0, a.p0]]\n", "host a is on the link twice"},
	{HOSTS(P0, P0) LINK, "roles: who sends"},
	{HOSTS(P0, P0) LINK "roles: {generators: [a]}\n", "roles.sensors: a list"},
	{HOSTS(P0, P0) LINK "roles: {generators: [a], sensor: [b]}\n", "roles.sensor: unknown key"},
	{HOSTS(P0, P0) LINK "roles: {generators: [a], sensors: [c]}\n", "there is no such host"},
	{HOSTS(P0, P0) LINK "roles: {generators: [a, a], sensors: [b]}\n", "a is there twice"},
	{HOSTS(P0, P0) LINK "roles: {generators: [a], sensors: [a]}\n",
		"generator and sensor at once"},
	{HOSTS(P0, P0) "  c: {" P0 "}\n" LINK ROLES, "roles: host c has none"},
	{HOSTS(P0, P0) "  c: {" P0 "}\n" LINK "roles: {generators: [a], sensors: [b, c]}\n",
		"c has no port on the link"},
	{COUNTED "link_counters: {b.p1: c.p0}\n",
		"t.yaml:8:17: link_counters: b.p1: host b has no"},
	{COUNTED "link_counters: {b.p0: c}\n", "link_counters: a port is written host.port"},
	{COUNTED "link_counters: {a.p0: c.p0}\n", "a.p0 is no sensor's port on the link"},
	{COUNTED "link_counters: {b.p0: a.p0}\n", "a.p0: a host that sends or captures"},
	{COUNTED "link_counters: [b.p0]\n", "link_counters: is a list"},
};

static void wrong_files_are_refused(void **state)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct cb_error err = {0};
		struct cb_bed *bed;

		if (cb_bed_load(&bed, "t.yaml", wrong[i].text, &err) != CB_ERR_USAGE)
			fail_msg("row %zu is taken: %s", i, wrong[i].text);
		assert_null(bed);
		assert_says(err.text, wrong[i].error);
	}
	assert_int_equal(
		cb_bed_load(&(struct cb_bed *){NULL}, "/no/such", NULL, NULL), CB_ERR_USAGE);
}

static void a_third_host_counts(void **state)
{
	struct cb_error err = {0};
	struct cb_bed *bed;

	if (cb_bed_load(&bed, "t.yaml", COUNTED "link_counters: {b.p0: c.p0}\n", &err))
		fail_msg("%s", err.text);
	assert_int_equal(bed->n_counters, 1);
	assert_int_equal(bed->counters[0].sensor, 0);
	assert_int_equal(bed->counters[0].at.host, 2);
	cb_bed_destroy(bed);
}

static void the_shipped_pattern_is_right(void **state)
{
	struct cb_error err = {0};
	struct cb_bed *bed;

	if (cb_bed_load(&bed, CB_SOURCE_DIR "/scenarios/testbeds/figure4.yaml", NULL, &err))
		fail_msg("%s", err.text);
	assert_int_equal(bed->n_sensors, 2);
	cb_bed_destroy(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_read),
		cmocka_unit_test(a_plan_knows_what_the_file_tells),
		cmocka_unit_test(wrong_files_are_refused),
		cmocka_unit_test(a_third_host_counts),
		cmocka_unit_test(the_shipped_pattern_is_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
