using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Support;

namespace Relaybox.Shared.Tests.Operations;

public class RowViewTests
{
    private static readonly PayloadReference Reference = PayloadReference.Of("my-bucket", "hello"u8);

    [Fact]
    public void A_row_whose_payload_is_in_the_bucket_says_where_to_those_who_may_see_payloads()
    {
        var row = new OutboxRow(Reference.PutInto(Sample.Event("a")), OutboxStatus.Failed);

        Assert.Equal($"s3://my-bucket/{Reference.Key}", RowView.Of(row, withPayload: true).PayloadAt);
        Assert.Null(RowView.Of(row).PayloadAt);
    }

    [Fact]
    public void A_row_with_its_own_payload_or_a_bad_reference_names_no_place()
    {
        OutboxEvent[] events = [Sample.Event("a"), Reference.PutInto(Sample.Event("b")) with { Payload = "{}" }];

        Assert.All(events, outboxEvent => Assert.Null(RowView.Of(new OutboxRow(outboxEvent, OutboxStatus.Failed), withPayload: true).PayloadAt));
    }
}
