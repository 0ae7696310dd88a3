/* At the real lease: a node with a daemon and one that is sponsored fall silent. Both are shown as offline until 72
 * hours have passed, then by nobody; when the last lease has ended nobody holds anything of them, and a peer that was
 * away all that time, with both on its disk, does not bring them back. Who speaks again after that is there again. */
#include "tools/sim/play.h"
#include "tools/sim/scenario.h"

#define HOUR     ((int64_t)3600 * SIM_SECOND)
#define BEAT_MS  600000
#define TOOL     "tool"
#define SURVIVOR 3 /* nodes that stay up: those below */

static void everybody_sees(struct sim_world *w, const char *node_id, enum nr_status status, const char *when)
{
    size_t n = sim_play_count_status(w, node_id, status);
    sim_expect(w, n == sim_play_count_up(w), "%s is %s at %zu of %zu %s", node_id, nr_status_name(status), n,
               sim_play_count_up(w), when);
}

/* Through a day and more, so that what is renewed has been renewed. */
static void live(struct sim_world *w, int hours)
{
    for (int i = 0; i < hours && !w->failed; i++) {
        int err = sim_say_heartbeat(&w->nodes[0], TOOL);
        sim_expect(w, err == 0, "the heartbeat is refused: %d", err);
        sim_world_run(w, HOUR);
    }
}

static void nobody_holds(struct sim_world *w, const uint8_t *signer, const char *node_id)
{
    struct nr_record rec;
    for (size_t i = 0; i < SURVIVOR; i++) {
        bool node = sim_holds(&w->nodes[i], NR_KIND_NODE, signer, node_id, &rec);
        bool beat = sim_holds(&w->nodes[i], NR_KIND_HEARTBEAT, signer, node_id, &rec);
        sim_expect(w, !node && !beat, "%s still holds what was said of %s", w->nodes[i].name, node_id);
    }
}

static bool online(struct sim_world *w, void *arg)
{
    return sim_play_count_status(w, arg, NR_STATUS_ONLINE) == sim_play_count_up(w);
}

void sim_scene_forget(struct sim_world *w)
{
    struct sim_node *dead = &w->nodes[SURVIVOR], *away = &w->nodes[SURVIVOR + 1];
    for (size_t i = 0; i < w->node_count; i++) w->nodes[i].heartbeat_ms = BEAT_MS;
    sim_play_cluster(w);
    int err = sim_say_register(&w->nodes[0], TOOL, 1, 0);
    sim_expect(w, err == 0, "the registration is refused: %d", err);
    live(w, 47); /* the silence begins an hour before the second renewal */
    sim_node_crash(dead, false);
    sim_node_crash(away, false);

    sim_world_run(w, 70 * HOUR);
    everybody_sees(w, dead->name, NR_STATUS_OFFLINE, "after 70 hours");
    everybody_sees(w, TOOL, NR_STATUS_OFFLINE, "after 71 hours");
    sim_world_run(w, 2 * HOUR);
    everybody_sees(w, dead->name, NR_STATUS_FORGOTTEN, "after 72 hours");
    everybody_sees(w, TOOL, NR_STATUS_FORGOTTEN, "after 73 hours");
    sim_world_run(w, 50 * HOUR);
    nobody_holds(w, dead->key.pub, dead->name);
    nobody_holds(w, w->nodes[0].key.pub, TOOL);

    if (!w->failed) sim_node_boot(away);
    sim_expect(w, sim_world_run_until(w, 30 * SIM_SECOND, online, away->name), "who was away does not come back");
    sim_world_run(w, HOUR);
    everybody_sees(w, dead->name, NR_STATUS_FORGOTTEN, "after a peer that knew it is back");
    everybody_sees(w, TOOL, NR_STATUS_FORGOTTEN, "after a peer that knew it is back");
    if (!w->failed) sim_node_boot(dead);
    sim_expect(w, sim_world_run_until(w, 30 * SIM_SECOND, online, dead->name), "who was forgotten does not come back");
    sim_play_finish(w, 10 * SIM_SECOND);
}
