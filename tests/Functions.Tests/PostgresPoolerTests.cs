using Npgsql;
using Relaybox.Functions.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Functions.Tests;

/// <summary>All functions do their work through a pooler that gives each transaction another connection to the server.</summary>
public sealed class PostgresPoolerTests(PostgresServer server, DynamoDbLocal dynamoDb, SqsEmulator sqs, PgBouncer pooler)
    : IClassFixture<PgBouncer>
{
    [Theory]
    [InlineData("lease", "keep")]
    [InlineData("locked", "keep")]
    [InlineData("locked", "archive")]
    public async Task Every_function_works_through_a_transaction_pooler_also_Setup(string relayMode, string afterSending)
    {
        await using var world = await CreateAsync();
        world.Set("RELAY_MODE", relayMode);
        world.Set("AFTER_SENDING", afterSending);
        await world.UseEveryFunctionAsync();
    }

    [Fact]
    public async Task A_sweep_that_waits_finds_new_rows_by_asking_and_listens_to_nothing()
    {
        await using var world = await CreateAsync();
        world.Set("SWEEP_LISTEN_SECONDS", "5");
        await world.InvokeAsync("Setup");
        var sweep = world.InvokeAsync("SweepRelay", remaining: TimeSpan.FromMinutes(1));
        await Eventually.TrueAsync(
            async () => sweep.IsCompleted || await CountAsync("SELECT %_until_due%") > 0, "the sweep asks whether something is due");

        await world.ExecuteAsAsync(world.AppUser, "INSERT INTO outbox (event_id, subject, payload) VALUES ('e-1', 'orders.placed', '{}')");
        await Eventually.TrueAsync(
            async () => sweep.IsCompleted || await world.ScalarAsync("SELECT status FROM outbox") is "sent", "the row is sent");

        Assert.Equal("""{"job":"sweep","affected":1,"complete":true}""", await sweep);
        Assert.Equal(0L, await ListeningAsync());

        // What listens goes on with the server's connection, whoever has it next.
        async Task<long> ListeningAsync()
        {
            await using var connections = NpgsqlDataSource.Create(
                $"Host=127.0.0.1;Port={pooler.Port};Username={world.FunctionsUser};Database=postgres;No Reset On Close=true");
            var listening = 0L;
            for (var i = 0; i < PgBouncer.PoolSize; i++)
            {
                await using var command = connections.CreateCommand("SELECT count(*) FROM pg_listening_channels()");
                listening += (long)(await command.ExecuteScalarAsync())!;
            }

            return listening;
        }

        async Task<long> CountAsync(string query) => (long)(await world.ScalarAsync(
            $"SELECT count(*) FROM pg_stat_activity WHERE usename = '{world.FunctionsUser}' AND query ILIKE '{query}'"))!;
    }

    private async Task<PostgresFunctionWorld> CreateAsync()
    {
        var world = await PostgresFunctionWorld.CreateAsync(server, dynamoDb, sqs);
        world.Pooler = pooler;
        return world;
    }
}
