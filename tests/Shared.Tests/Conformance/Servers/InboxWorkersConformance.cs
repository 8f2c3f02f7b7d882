using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Shared.Tests.Inbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>Many workers at once on one inbox, whose server may end meanwhile.</summary>
public abstract class InboxWorkersConformance : InboxClaims, IAsyncLifetime
{
    private InboxHarness? _harness;

    private InboxHarness Store => _harness ?? throw new InvalidOperationException("The test has not begun.");

    public async ValueTask InitializeAsync() => _harness = await CreateHarnessAsync();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_harness is not null)
        {
            await _harness.DisposeAsync();
        }
    }

    private protected abstract Task<InboxHarness> CreateHarnessAsync();

    private protected abstract Task<FragileInbox> StartFragileAsync();

    [Fact]
    public async Task Claims_of_an_id_that_is_deleted_again_and_again_are_all_answered()
    {
        using var stop = new CancellationTokenSource();
        var deleting = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await Store.DeleteAsync("billing", "e-1");
            }
        });
        var claims = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            var answers = new List<InboxClaim>();
            var repository = Store.CreateRepository();
            for (var i = 0; i < 30; i++)
            {
                answers.Add(await TryClaimAsync(repository));
                if (answers[^1] is InboxClaim.Claimed claimed && i % 2 == 0)
                {
                    await repository.MarkProcessedAsync(claimed, Ct);
                }
            }

            return answers;
        })));
        await stop.CancelAsync();
        await deleting;
        Assert.All(claims.SelectMany(answers => answers), answer => Assert.True(
            answer is InboxClaim.Claimed or InboxClaim.InProgress or InboxClaim.AlreadyProcessed, $"{answer}"));
    }

    [Fact]
    public async Task Batches_that_share_their_ids_give_each_of_them_to_one()
    {
        var ids = Enumerable.Range(0, 100).Select(i => $"e-{i}").ToArray();
        for (var round = 0; round < 3; round++)
        {
            // The second attempt takes what has failed before.
            var consumer = $"consumer-{round}";
            for (var attempt = 1; attempt <= 2; attempt++)
            {
                var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(() =>
                {
                    var own = ids.ToArray();
                    new Random(worker).Shuffle(own);
                    return Store.CreateRepository().ClaimAsync(consumer, [.. own.Select(id => Sample.Message(id))], TimeSpan.FromMinutes(1), 5, Ct);
                })));
                var claims = answers.SelectMany(batch => batch).OfType<InboxClaim.Claimed>().ToList();
                Assert.Equal(ids.Order(), claims.Select(claim => claim.EventId).Order());
                Assert.All(claims, claim => Assert.Equal(attempt, claim.Deliveries));
                await Task.WhenAll(claims.Select(claim => Store.Repository.MarkFailedAsync(claim, ErrorCodes.HandlerFailed, "no", Ct)));
            }
        }
    }

    [Fact]
    public async Task Of_fifty_workers_on_one_event_one_has_the_effect()
    {
        var handler = new Handler<string>((_, context, _) =>
        {
            Store.EnlistEffect(context.Transaction, "a");
            context.Transaction.Emit(Sample.Event());
            return Task.CompletedTask;
        });
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(async () => Assert.Single(
            await new InboxConsumer(
                Store.CreateRepository(),
                new HandlerRegistry("billing").AddRaw("orders.placed", handler),
                new ConsumerOptions(),
                TimeProvider.System,
                SystemEntropy.Instance,
                NullLogger<InboxConsumer>.Instance).ConsumeAsync(
                    [Sample.Message("e-1")], WorkDeadline.After(TimeSpan.FromMinutes(1), TimeProvider.System), Ct)))));

        Assert.Single(outcomes, outcome => outcome is MessageOutcome.Processed);
        Assert.All(outcomes, outcome => Assert.True(
            outcome is MessageOutcome.Processed or MessageOutcome.Duplicate or MessageOutcome.Retry { ErrorCode: ErrorCodes.InProgressElsewhere },
            $"{outcome}"));
        Assert.Single(handler.Handled);
        Assert.Equal(1, await Store.EffectsAsync("a"));
        Assert.Equal(1, (await Store.Outbox.GetCountByStatusAsync(Ct))["pending"]);
    }

    [Fact]
    public async Task Claims_survive_the_servers_end_and_nobody_is_told_of_a_claim_that_is_not_there()
    {
        await using var fragile = await StartFragileAsync();
        var store = fragile.Harness;
        var claims = Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            var repository = store.CreateRepository();
            var held = new List<InboxClaim.Claimed>();
            for (var batch = 0; batch < 20; batch++)
            {
                // Two workers on each id.
                var answers = await Eventually.ValueAsync(
                    () => TryBatchAsync(repository, worker / 2, batch),
                    answers => answers is not null,
                    "the server is back",
                    TimeSpan.FromMinutes(2));
                held.AddRange(answers!.OfType<InboxClaim.Claimed>());
            }

            return held;
        })).ToArray();
        await Eventually.TrueAsync(async () => await CountAsync(store) > 300, "claims are under way");
        await fragile.CrashAndRestartAsync();
        var held = (await Task.WhenAll(claims)).SelectMany(own => own).ToList();

        // A claim that a worker was told of is the record's, and no two were told of one.
        Assert.Equal(held.Count, held.Select(claim => claim.EventId).Distinct().Count());
        Assert.Equal(4 * 20 * 20, await CountAsync(store));
        Assert.All(await store.Repository.TryMarkProcessedAsync(held, Ct), Assert.True);
    }

    private static async Task<long> CountAsync(InboxHarness store) => (await store.Repository.GetCountByStatusAsync(Ct)).Values.Sum();

    private static async Task<IReadOnlyList<InboxClaim>?> TryBatchAsync(IInboxRepository repository, int pair, int batch)
    {
        try
        {
            return await repository.ClaimAsync(
                "billing", [.. Enumerable.Range(0, 20).Select(i => Sample.Message($"e-{pair}-{batch}-{i}"))], TimeSpan.FromMinutes(10), 5, Ct);
        }
        catch (Exception e) when (repository.IsOutage(e))
        {
            return null;
        }
    }
}
