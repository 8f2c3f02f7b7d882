using System.Text.Json.Serialization;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Shared.Tests.Secrets;
using Relaybox.Shared.Tests.Support;

namespace Relaybox.Shared.Tests.Inbox;

// What is said of a failed attempt, and which attempts count.
public partial class InboxConsumerTests
{
    [Fact]
    public async Task An_attempt_that_met_a_store_that_is_away_does_not_count()
    {
        _options = _options with { MaxAttempts = 1 };
        var away = new InvalidOperationException("away");
        var attempts = new List<int>();
        Add("orders.>", (_, context, _) =>
        {
            attempts.Add(context.Deliveries);
            return attempts.Count < 4 ? throw away : Task.CompletedTask;
        });
        _inbox.Outage = away;
        for (var i = 0; i < 3; i++)
        {
            var outcome = await ConsumeOneAsync(Sample.Message("a"));
            Assert.Equal(ErrorCodes.StoreFailed, Assert.IsType<MessageOutcome.Retry>(outcome).ErrorCode);
        }

        Assert.IsType<MessageOutcome.Processed>(await ConsumeOneAsync(Sample.Message("a")));
        Assert.Equal([1, 1, 1, 1], attempts);
    }

    [Fact]
    public async Task A_handler_that_has_ended_its_transaction_is_not_tried_again()
    {
        var handler = Add("orders.>", (_, context, _) =>
        {
            context.Transaction.Emit(Sample.Event("emitted"));
            return Task.CompletedTask;
        });
        _inbox.CommitAnswer = CommitOutcome.TransactionEnded;
        var dead = Assert.IsType<MessageOutcome.DeadLetter>(await ConsumeOneAsync(Sample.Message("a")));
        Assert.Equal(ErrorCodes.TransactionEnded, dead.ErrorCode);
        Assert.Contains("by a commit", dead.Reason, StringComparison.Ordinal);
        Assert.Equal((InboxStatus.Failed, 1), ((await _inbox.FindAsync("default", "a", Ct))!.Status, handler.Handled.Count));
    }

    [Theory]
    [InlineData(CommitOutcome.StatementFailed, ErrorCodes.HandlerFailed, "A statement of the handler failed (23505), and the handler went on")]
    [InlineData(CommitOutcome.EnlistedConditionFailed, ErrorCodes.EnlistedConditionFailed, "A condition of an enlisted write did not hold (23505).")]
    public async Task What_kept_a_transaction_from_being_committed_is_named(object answer, string code, string reason)
    {
        Add("orders.>", (_, context, _) =>
        {
            context.Transaction.Emit(Sample.Event("emitted"));
            return Task.CompletedTask;
        });
        (_inbox.CommitAnswer, _inbox.ErrorName) = ((CommitOutcome)answer, "23505");
        Assert.Equal(code, Assert.IsType<MessageOutcome.Retry>(await ConsumeOneAsync(Sample.Message("a"))).ErrorCode);
        Assert.Contains(reason, (await _inbox.FindAsync("default", "a", Ct))!.ErrorMessage, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"lines":[{"price":1},{"price":"canary-c0ffee-4711"}]}""", "Basket: property $.lines[1].price, line 1, byte 52")]
    [InlineData("{\"lines\":[],\n \"names\":{\"canary-c0ffee-4711\":7}}", "Basket: property $.names.*, line 2, byte 33")]
    [InlineData("""{"canary-c0ffee-4711":{"a":!}}""", "Basket: property $.*, line 1, byte 28")]
    [InlineData("""{"lines":[{"canary-c0ffee-4711":2}]}""", "Basket: $.lines[0] lacks price, line 1, byte 35")]
    [InlineData("""{"names":{}}""", "Basket: $ lacks lines, line 1, byte 13")]
    [InlineData("canary-c0ffee-4711", "Basket: property $, line 1, byte 1")]
    public async Task A_payload_that_cannot_be_read_is_told_by_place_and_property_and_never_by_its_content(string payload, string place)
    {
        _handlers.Add("orders.placed", new Handler<Basket>(), BasketJson.Default.Basket);
        var dead = Assert.IsType<MessageOutcome.DeadLetter>(await ConsumeOneAsync(Sample.Message("a", payload)));
        Assert.Equal((ErrorCodes.PayloadUnreadable, $"The payload cannot be read as {place}."), (dead.ErrorCode, dead.Reason));
        Assert.DoesNotContain(Canary.Secret, dead.Reason, StringComparison.Ordinal);
    }

    internal sealed record Basket
    {
        public required IReadOnlyList<Line> Lines { get; init; }

        public IReadOnlyDictionary<string, string>? Names { get; init; }
    }

    internal sealed record Line
    {
        public required int Price { get; init; }
    }

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(Basket))]
    internal sealed partial class BasketJson : JsonSerializerContext;
}
