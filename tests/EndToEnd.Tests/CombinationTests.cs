using System.Data.Common;
using MySqlConnector;
using Npgsql;
using Relaybox.Local.Demo;
using Relaybox.Local.Processes;
using Relaybox.Local.Running;
using Relaybox.Local.Stores.MySql;
using Relaybox.Local.Stores.Postgres;
using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests;

/// <summary>
/// Stores and brokers as a person would choose them, by the template's parameters and nothing else, where <see cref="Chaos.ChaosTests"/> and
/// <see cref="Chaos.KillPointTests"/> do not come: rows that are held by locks, and the largest payloads.
/// </summary>
public sealed class CombinationTests
{
    [Theory]
    [InlineData("postgres", "sqs")]
    [InlineData("mysql", "nats")]
    public async Task Every_order_has_its_effect_once_by_locked_rows_through_duplicates_and_killed_functions(string store, string broker)
    {
        var state = Directory.CreateTempSubdirectory("relaybox-e2e-");
        var output = new RunningStack.LastLines();
        using var stop = new CancellationTokenSource();
        var parameters = new Dictionary<string, string> { ["Store"] = store, ["Broker"] = broker, ["RelayMode"] = "locked" };

        try
        {
            await using var runner = await LocalRunner.StartAsync(
                new RunnerOptions
                {
                    TemplatePath = RepositoryRoot.Combine("template.yaml"),
                    StateDirectory = state.FullName,
                    FunctionsDirectory = Publication.Folder,
                    PortBase = 0,
                    Parameters = parameters,
                    Environment = new Dictionary<string, string> { ["INBOX_LEASE_SECONDS"] = "5", ["RELAY_LEASE_SECONDS"] = "5" },
                    VisibilitySeconds = 5,
                    DuplicatePercent = 20,
                    EnforceRoles = true,
                },
                output,
                CancellationToken.None);
            Assert.Equal(
                new[] { store, "sqs", broker }.Distinct(), runner.Servers.Processes.Select(process => process.Name));

            await using var app = runner.CreateDemoApp();
            var demo = new DemoRun(
                runner, app, new DemoOptions(150, 40, 20, Json: false), new ProgressLine(), TimeProvider.System);
            var running = demo.RunAsync(CancellationToken.None);
            var next = new List<Task>();
            foreach (var effects in new[] { 20, 80 })
            {
                await Eventually.TrueAsync(
                    async () => running.IsCompleted || await app.CountEffectsAsync(CancellationToken.None) >= effects,
                    $"{effects} effects. {output}",
                    TimeSpan.FromMinutes(3));
                foreach (var host in runner.Functions.Values)
                {
                    foreach (var pid in host.Pids)
                    {
                        Signals.Send(pid, Signals.Kill);
                    }
                }

                // What the schedules would start within the minute.
                foreach (var name in new[] { "SweepRelay", "PullConsume" }.Where(runner.Functions.ContainsKey))
                {
                    next.Add(runner.InvokeAsync(runner.Functions[name], null, stop.Token));
                }
            }

            var summary = await running;
            Assert.True(summary.IsClean, $"{summary.ToText()} {output}");
            Assert.Equal((150, 150, 150), (summary.Written, summary.Sent, summary.Effects));
            Assert.Empty(runner.Permissions.Refused);
            Assert.True(await CountLockedAsync(runner) > 0, "no row was sent by locks");
            Assert.True(summary.DuplicatesInjected > 0, $"{summary.ToText()}");
            await stop.CancelAsync();
            await Task.WhenAll(next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
        finally
        {
            state.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("postgres", "sqs", 1_045_000, 120)]
    [InlineData("dynamodb", "nats", 390_000, 20)]
    public async Task The_largest_payloads_go_through_with_the_least_memory_of_the_template(string store, string broker, int bytes, int orders)
    {
        await using var stack = await RunningStack.StartAsync(
            configure: options => options with
            {
                Environment = new Dictionary<string, string> { ["INBOX_LEASE_SECONDS"] = "5", ["RELAY_LEASE_SECONDS"] = "10" },
                RunSchedules = true,
            },
            parameters: [("Store", store), ("Broker", broker), ("RelayMemoryMB", "256"), ("ConsumeMemoryMB", "256")]);
        await using var app = stack.Runner.CreateDemoApp();
        var demo = new DemoOptions(orders, Rate: 0, DuplicatePercent: 0, Json: false) { PayloadBytes = bytes };

        var summary = await new DemoRun(stack.Runner, app, demo, new ProgressLine(), TimeProvider.System).RunAsync(CancellationToken.None);

        Assert.True(summary.IsClean, summary.ToText());
        Assert.Equal((orders, orders), (summary.Sent, summary.Effects));
        Assert.Empty(stack.Output.OutOfMemory);
    }

    /// <summary>Rows that were sent without a claim. The first of each process have one, and those that were in hand when one was killed.</summary>
    private static async Task<long> CountLockedAsync(LocalRunner runner)
    {
        await using DbDataSource database = runner.Servers.Store switch
        {
            PostgresRun postgres => NpgsqlDataSource.Create(postgres.ConnectionString),
            MySqlRun mysql => new MySqlDataSource(mysql.ConnectionString),
            var other => throw new InvalidOperationException($"{other.GetType().Name} locks no rows."),
        };
        await using var command = database.CreateCommand(
            $"""
            SELECT count(*) FROM {runner.Environment["DATABASE_SCHEMA"]}.{runner.Environment["OUTBOX_TABLE"]}
            WHERE status = 'sent' AND claim_token IS NULL
            """);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
