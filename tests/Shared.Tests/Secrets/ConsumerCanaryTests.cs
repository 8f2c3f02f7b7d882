using System.Text.Json.Serialization;
using Npgsql;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Shared.Tests.Inbox;
using Relaybox.Shared.Tests.Stores;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Secrets;

/// <summary>What messages and handlers' exceptions hold is in no log line, no error column, no dead letter's reason and no span.</summary>
public sealed partial class ConsumerCanaryTests(DynamoDbLocal dynamoDb, PostgresServer postgres) : IDisposable
{
    private readonly Canary _canary = new();
    private readonly RecordingLogger<InboxConsumer> _log = new();
    private readonly HandlerRegistry _handlers = new("default");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _canary.Dispose();

    [Theory]
    [InlineData("dynamodb")]
    [InlineData("postgres")]
    public async Task A_handlers_exception_is_kept_by_its_type_alone(string store)
    {
        await using var inbox = await CreateAsync(store);
        _handlers.AddRaw("orders.>", new Handler<string>((_, _, _) => throw Canary.Exception()));

        await FailsUntilDeadAsync(inbox, Message("""{"card":"{0}"}"""), ErrorCodes.AttemptsExhausted);
    }

    [Theory]
    [InlineData("dynamodb")]
    [InlineData("postgres")]
    public async Task A_payload_that_cannot_be_read_is_not_quoted(string store)
    {
        await using var inbox = await CreateAsync(store);
        _handlers.Add("orders.>", new Handler<Order>(), OrderJson.Default.Order);
        foreach (var payload in new[] { "{0}", """{"quantity":"{0}"}""", """{"{0}":1,"quantity":{"{0}":[}""", "\"{0}\"" })
        {
            await FailsUntilDeadAsync(inbox, Message(payload), ErrorCodes.PayloadUnreadable);
        }
    }

    [Fact]
    public async Task What_the_database_says_of_a_handlers_statement_is_not_kept()
    {
        await using var inbox = await PostgresInboxHarness.CreateAsync(postgres);
        string? said = null;
        _handlers.AddRaw("orders.>", new Handler<string>(async (payload, context, ct) =>
        {
            var transaction = await context.Transaction.GetNpgsqlTransactionAsync(ct);
            await using var command = new NpgsqlCommand("SELECT $1::text::integer", transaction.Connection, transaction);
            command.Parameters.Add(new() { Value = payload });
            try
            {
                await command.ExecuteScalarAsync(ct);
            }
            catch (PostgresException e)
            {
                said = e.Message;
                throw;
            }
        }));

        await FailsUntilDeadAsync(inbox, Message("{0}"), ErrorCodes.AttemptsExhausted);

        // Otherwise there was nothing to hide.
        Assert.Contains(Canary.Secret, said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_store_throws_is_kept_by_its_type_alone()
    {
        _handlers.AddRaw("orders.>", new Handler<string>());
        foreach (var fail in new Action<FakeInbox>[]
        {
            inbox => inbox.ClaimFailure = Canary.Exception(),
            inbox => inbox.CommitFailure = Canary.Exception(),
            inbox => (inbox.CommitFailure, inbox.MarkFailure) = (Canary.Exception(), Canary.Exception()),
        })
        {
            var inbox = new FakeInbox(TimeProvider.System);
            fail(inbox);
            var outcome = await ConsumeAsync(inbox, Message("{0}"));
            Assert.IsType<MessageOutcome.Retry>(outcome);
            _canary.IsNotIn([.. _log.Lines, $"{outcome}"]);
        }

        Assert.NotEmpty(_log.Lines);
    }

    private async Task FailsUntilDeadAsync(InboxHarness inbox, InboxMessage message, string code)
    {
        for (var delivery = 1; ; delivery++)
        {
            var outcome = await ConsumeAsync(inbox.Repository, message);
            var record = await inbox.ReadAsync("default", message.Event.EventId);
            Assert.NotNull(record);
            Assert.Contains(
                record.Values,
                value => value.StartsWith("handler.", StringComparison.Ordinal) || value.StartsWith("message.", StringComparison.Ordinal));
            _canary.IsNotIn([.. _log.Lines, .. record.Keys, .. record.Values, $"{outcome}"]);
            if (outcome is MessageOutcome.DeadLetter dead)
            {
                Assert.Equal(code, dead.ErrorCode);
                break;
            }

            Assert.InRange(delivery, 1, 3);
        }

        Assert.NotEmpty(_log.Lines);
    }

    private async Task<MessageOutcome> ConsumeAsync(IInboxRepository inbox, InboxMessage message)
    {
        var consumer = new InboxConsumer(
            inbox, _handlers, new ConsumerOptions { MaxAttempts = 2 }, TimeProvider.System, SystemEntropy.Instance, _log);
        return Assert.Single(await consumer.ConsumeAsync([message], WorkDeadline.After(TimeSpan.FromMinutes(1), TimeProvider.System), Ct));
    }

    private static InboxMessage Message(string payload) =>
        Sample.Message(Sample.Event(payload: payload.Replace("{0}", Canary.Secret, StringComparison.Ordinal)) with
        {
            Headers = new Dictionary<string, string> { ["authorization"] = $"Bearer {Canary.Secret}" },
        });

    private async Task<InboxHarness> CreateAsync(string store) => store == "postgres"
        ? await PostgresInboxHarness.CreateAsync(postgres)
        : await DynamoDbInboxHarness.CreateAsync(dynamoDb);

    internal sealed record Order(int Quantity);

    [JsonSerializable(typeof(Order))]
    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    internal sealed partial class OrderJson : JsonSerializerContext;
}
