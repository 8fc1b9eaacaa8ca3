/*
 * The process on a host: it holds the host's namespaces (on the local test-bed), starts capture and
 * generator processes, reads counters, and answers requests on stdin and stdout (harness/wire).
 * stderr is its log. It decides nothing: what is done when is the controller's business.
 *
 * An agent ends on `bye`, at the end of stdin (its controller is gone), on SIGTERM, SIGINT or
 * SIGHUP, and when its parent dies. It takes the processes that it started with it; they get a
 * SIGKILL from the kernel even when the agent itself is killed.
 *
 * Requests and their arguments -> results. Counts are integers, times ns, what is not known is
 * null; an argument in brackets may be left out.
 *
 *   hello {protocol, build, [measure], [controller, dead_man_ns]}
 *                                        must come first. measure: this agent is the one that
 *                                        measures softirq time on its machine. The last two are
 *                                        for agents on hosts of their own (--remote): whose lock
 *                                        it is, and how long a silence means that the controller
 *                                        is gone
 *     -> {protocol, build, host, pid, kernel, can: {rps, threaded, large_buffers: bool,
 *         softirq: bool or null when not asked}, softirq_cost_ns, cores: [number],
 *         missing: [sentence]}
 *   facts {[interface]}                  with how the port is set -> {facts: {}}
 *   link-create {interface, peer, peer_pid, mac, peer_mac, [queues]}
 *                                        a veth pair, the peer in that process's namespace
 *   link-up {interface, [timeout_ns]}    offloads that change what a tap sees off, up, both ends
 *                                        running
 *     -> {mac, ifindex, mtu, driver}
 *   link-queues {interface, queues}      see cb_link_queues
 *   receive {interface, mode, cpu, napi} see cb_receive_set
 *   counters {interface}
 *     -> {time_ns, real_ns, napi_thread_ns, interrupts,
 *         link: {rx_packets, tx_packets, rx_dropped, tx_dropped, rx_errors, tx_errors,
 *                rx_missed, nic_ring_dropped, xdp_refused},
 *         cpus: [{cpu, processed, dropped, squeezed, rps, backlog, steal_ns}]}   online CPUs only
 *   quiet {interface, timeout_ns}        waits until no frame moves any more
 *   watch {pids: []}                     measure the softirq time of these processes from now on,
 *                                        instead of those named before
 *     -> {available: bool, why: text or null}
 *   evidence {pids: []}
 *     -> {available, why, softirq_ns: [count or null, in the order of pids], net_rx_ns, cost_ns,
 *         kernel_accounts: bool or null}
 *   capture-prepare {interface, jobs: [{option: text}], [traffic: {option: text}], [measure]}
 *                                        one capture process a job, each ready when the reply
 *                                        comes; measure: false for light evidence, default true
 *     -> {pids: []}
 *   capture-stop {drain_ns}              -> {views: [view record]}, in the order of the jobs
 *   generate-prepare {interface, options: {option: text}}   -> {pid}
 *   generate-go {timeout_ns, [start_ns]}
 *                                        starts it (then: CLOCK_MONOTONIC), waits for its end
 *     -> {generator: record}
 *   clock {}                             -> {monotonic_ns, real_ns}
 *   window {ns}                          nothing will be said for so long: the measurement window
 *   port {by: interface | pci | mac, value}
 *     -> {interface, driver}; none that carries the connection
 *   commands {[pre], [post], timeout_ns} lists of commands, each a list of words: pre are run now,
 *                                        post when the agent has ended, whatever ends it
 *   tune {interface, settings: {name: {value, required}}}   see cb_tuning_apply
 *     -> {changes: [line], refused: {text, code} or null}   refused: of a required setting
 *   untune {}                            puts all of them back
 *     -> {changes: [line]}
 *   clean {}                             see cb_tuning_recover
 *     -> {count, lines: [sentence]}
 *   doctor {interface, window_ns}        see cb_doctor
 *     -> {interfaces, window_ns, findings}
 *   alive {}                             no reply: the controller is still there
 *   abort {}                             ends the processes; a request that is waiting for them
 *                                        fails, and is answered first
 *   bye {}
 *
 * Option names and values are those of `capture` and `generate`. While a request waits, any other
 * than `abort` is refused.
 */
#ifndef CB_HARNESS_AGENT_AGENT_H
#define CB_HARNESS_AGENT_AGENT_H

#include "harness/base/error.h"
#include "harness/base/option.h"

#include <stdbool.h>
#include <stdint.h>

enum cb_agent_namespaces {
	CB_AGENT_NAMESPACES_PRESENT, /* stay in those of the caller */
	CB_AGENT_NAMESPACES_NEW,     /* own network and mount namespace; without the privilege, in a
					user namespace */
};

struct cb_agent_options {
	char host[64];             /* the name it goes by in messages and log */
	int namespaces;            /* enum cb_agent_namespaces */
	bool remote;               /* on a host of its own: lock, dead-man timer, undo */
	char control_address[64];  /* of this host, by which the controller has come; "": unknown */
	int64_t user_namespace_of; /* join that process's user namespace first, so that two agents
				      may share a link; 0: none */
};

extern const struct cb_option cb_agent_option_table[]; /* over struct cb_agent_options */

/*
 * Serve requests on stdin and stdout until the end. Must be called with one thread, by the process
 * itself (it changes signal handlers, namespaces and file descriptors 0 and 1). 0 at a regular end;
 * CB_ERR_HOST when the controller sent what is no message.
 */
int cb_agent_main_loop(const struct cb_agent_options *options, struct cb_error *err);

#endif
