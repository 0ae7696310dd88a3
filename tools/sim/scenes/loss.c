#include "tools/sim/play.h"
#include "tools/sim/scenario.h"

#define HEAVY_US (60 * SIM_SECOND)
/* Within this a small record has reached 99 % of the nodes at up to 35 % loss, and 85 % of them at half. */
#define SLOW_US (15 * SIM_SECOND)

static void nobody_offline(struct sim_world *w)
{
    struct sim_node *reader = sim_play_any(w);
    for (size_t i = 0; reader && i < w->node_count; i++) {
        enum nr_status s = sim_sees_status(reader, w->nodes[i].name);
        sim_expect(w, s != NR_STATUS_OFFLINE && s != NR_STATUS_FORGOTTEN, "%s calls %s %s", reader->name,
                   w->nodes[i].name, nr_status_name(s));
    }
}

/* Each writes once: a newer record would end the older one's way. Large ones, which travel in pieces, must be there
 * only once the network is well again. */
static void write_one(struct sim_world *w, uint32_t round)
{
    struct sim_node *n = &w->nodes[round % w->node_count];
    if (round % 2 == 0) {
        sim_play_watch(n, n->name, 100 + round, 0);
        return;
    }
    int err = sim_say_register(n, n->name, 100 + round, 3000);
    sim_expect(w, !err, "%s cannot register: %s", n->name, nr_strerror(err));
}

/* The cluster comes up on a good network; then the loss sets in for a minute, with writes. */
void sim_scene_loss(struct sim_world *w)
{
    struct sim_link heavy = w->config.link;
    w->net.links.all = SIM_LINK_DEFAULT;
    sim_play_cluster(w);
    sim_world_run(w, 12 * SIM_SECOND);
    w->net.links.all = heavy;
    w->net.links.all.reorder_ppm = 50000;
    w->net.links.all.duplicate_ppm = 20000;
    sim_traffic_reset(w);
    int64_t end_us = w->now_us + (w->config.seconds ? w->config.seconds * SIM_SECOND : HEAVY_US);
    for (uint32_t i = 0; w->now_us < end_us && !w->failed; i++) {
        if (i % 4 == 0) write_one(w, i / 4);
        sim_world_run(w, SIM_SECOND);
        nobody_offline(w);
    }
    sim_world_run(w, SLOW_US);
    nobody_offline(w);
    unsigned share = heavy.loss_ppm > 350000 ? 850 : 990;
    int64_t worst = sim_watch_time_us(&w->watches, w->node_count, share, true);
    sim_expect(w, worst >= 0 && worst <= SLOW_US, "a registration took %lld ms to %u per mille of the nodes under loss",
               (long long)(worst / 1000), share);
    sim_play_finish(w, 20 * SIM_SECOND);
}
