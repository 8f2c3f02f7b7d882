using Relaybox.Inbox;
using Relaybox.Messaging;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Shared.Tests.Outbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Conformance.Servers;

/// <summary>Events that handlers emit go through the claim check, whatever the store can hold in a row.</summary>
public abstract class EmittedPayloadConformance : InboxConformance
{
    private protected FakePayloadStore Payloads { get; } = new();

    [Fact]
    public async Task An_emitted_payload_that_no_message_and_no_item_can_hold_comes_out_as_it_went_in()
    {
        var payload = "\u20AC\U0001F680" + new string('x', 2_000_000);
        var claim = Assert.IsType<InboxClaim.Claimed>(Assert.Single(
            await Store.Repository.ClaimAsync("billing", [Sample.Message("e-1")], TimeSpan.FromMinutes(1), 5, Ct)));
        await using (var transaction = await Store.Repository.BeginAsync(claim, Ct))
        {
            transaction.Emit(Sample.Event("large", payload));
            transaction.Emit(Sample.Event("small", "{}"));
            Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
        }

        Assert.Equal(["large", "small"], (await Store.Repository.FindAsync("billing", "e-1", Ct))!.Emitted!.EventIds);
        var claimCheck = new ClaimCheck(Payloads);
        var publisher = new KeepingPublisher();
        var relay = new OutboxRelay(
            Store.Outbox, publisher, new RelayOptions(), SystemEntropy.Instance, new RecordingLogger<OutboxRelay>(), claimCheck);
        await relay.RelayAsync(
            [await RowAsync("large"), await RowAsync("small")], WorkDeadline.After(TimeSpan.FromMinutes(5), TimeProvider.System), Ct);

        Assert.Equal("{}", publisher.Sent["small"].Payload);
        Assert.Empty(publisher.Sent["small"].Headers);
        var sent = publisher.Sent["large"];
        var reference = PayloadReference.Read(sent);
        Assert.Equal(2_000_007, Assert.Single(Payloads.Objects).Value.Length);
        var handled = await claimCheck.CheckOutAsync(reference, sent, Ct);
        Assert.Equal(payload, handled.Payload);
        Assert.Empty(handled.Headers);
    }

    private async Task<OutboxClaim> RowAsync(string eventId)
    {
        var row = await Store.Outbox.FindAsync(eventId, Ct);
        return new OutboxClaim(eventId, row!.Token, row.Attempts) { Event = row.Event };
    }
}
