using System.Text.Json.Nodes;
using Relaybox.Events;
using Relaybox.Redis;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Outbox;

// The form of Redis: DynamoDB's without a status, and the script that is shipped for writers in other languages.
public sealed partial class RowContractSchemaTests
{
    private const string RedisEvent = "redisEvent";

    [Fact]
    public void Schema_and_code_accept_the_same_events_for_Redis() => Agree(
        RedisEvent, outboxEvent => RowContract.Check(outboxEvent) is null, AsRedisEvent);

    [Fact]
    public void The_script_that_is_shipped_is_the_one_that_the_writer_sends_and_its_SHA_is_in_the_contract()
    {
        var script = RedisScript.Load("outbox_insert");
        var file = RepositoryRoot.Combine("examples", "redis", "outbox_insert.lua");
        var isSame = File.ReadAllText(file) == script.Text;
        if (!isSame)
        {
            // What is to be shipped lies beside it then.
            File.WriteAllText($"{file}.new", script.Text);
        }

        Assert.True(isSame, $"The scripts have changed: take {file}.new for {file}, and the SHA {script.Sha} for the one in docs/row-contract.md.");
        Assert.Contains(script.Sha, File.ReadAllText(RepositoryRoot.Combine("docs", "row-contract.md")), StringComparison.Ordinal);
    }

    private static JsonObject AsRedisEvent(OutboxEvent outboxEvent)
    {
        var item = AsItem(outboxEvent);
        item.Remove("status");
        return item;
    }
}
