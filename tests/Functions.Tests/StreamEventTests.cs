using System.Text;
using System.Text.Json;
using Amazon.Lambda.DynamoDBEvents;
using Amazon.Lambda.Serialization.SystemTextJson;
using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Functions.Hosting;
using Relaybox.Functions.Relay;
using Relaybox.Functions.Tests.Support;

namespace Relaybox.Functions.Tests;

/// <summary>What is read of a stream event is what a reader of everything would have read.</summary>
public sealed class StreamEventTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddYears(60);

    [Fact]
    public void Every_kind_of_row_is_read_as_by_a_serializer_that_reads_everything()
    {
        var input = Rows.StreamEvent(
            ("100", Rows.Image("e-1")),
            ("101", Rows.Image(
                "e-2", ("headers", new { M = new { a = new { S = "b" }, status = new { S = "pending" } } }), ("orderingKey", new { S = "k" }))),
            ("102", Rows.Image(
                "e-3", ("availableAt", new { N = "1" }), ("enqueuedAt", new { N = "2" }), ("result", new { S = "{\"a\":\"\u00e9\"}" }))),
            ("103", Rows.Image("e-4", ("availableAt", new { N = "99999999999999" }), ("attempts", new { N = "3" }))),
            ("104", Rows.Image("e-5", ("result", new { NULL = true }), ("headers", new { NULL = true }))),
            ("105", Rows.Image("e-6", ("x", new { L = new object[] { new { B = "AA==" }, new { M = new { y = new { SS = new[] { "z" } } } } } }))),
            ("106", Rows.Image("e-7", ("subject", new { BOOL = true }))),
            ("107", Rows.Image("e-8", ("headers", new { M = new { a = new { N = "1" } } }))),
            ("108", Rows.Image("e-9", ("dueShard", new { S = "1" }))),
            ("109", Rows.Image("e-1")),
            ("110", null));

        Assert.Equal(Describe(Read(input, null)), Describe(Read(input, StreamJsonContext.Customize)));
    }

    [Theory]
    [InlineData("MODIFY")]
    [InlineData("REMOVE")]
    public void Other_changes_bring_no_row(string eventName) =>
        Assert.Empty(Read(Rows.StreamEvent(eventName, ("100", Rows.Image("e-1"))), StreamJsonContext.Customize).EventIds);

    // What follows a value of a wrong type must not be taken for what is in it.
    [Theory]
    [InlineData("""{"Records":1,"eventName":"INSERT"}""")]
    [InlineData("""{"Records":[1,{"eventName":"INSERT"}]}""")]
    [InlineData("""{"Records":[{"dynamodb":1,"NewImage":{}}]}""")]
    [InlineData("""{"Records":[{"dynamodb":"NewImage","NewImage":{}}]}""")]
    [InlineData("""{"Records":[{"dynamodb":{"NewImage":[],"eventId":{"S":"e-1"}}}]}""")]
    [InlineData("""{"Records":[{"dynamodb":{"NewImage":{"eventId":"S"}}}]}""")]
    [InlineData("""{"Records":[{"dynamodb":{"NewImage":{"eventId":{"S":{"S":"e-1"}}}}}]}""")]
    [InlineData("""{"Records":[{"dynamodb":{"NewImage":{"headers":{"M":"S"}}}}]}""")]
    [InlineData("""{"Records":[[]]}""")]
    [InlineData("""{"Records":[{"dynamodb":[]}]}""")]
    [InlineData("""{"Records":[{"dynamodb":{"NewImage":{"eventId":[]}}}]}""")]
    [InlineData("""{"Records":[{"eventName":1}]}""")]
    [InlineData("""[]""")]
    public void An_event_of_another_shape_is_refused(string input) =>
        Assert.Throws<JsonSerializerException>(() => Read(input, StreamJsonContext.Customize));

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"Records":null}""")]
    [InlineData("""{"Records":[null,{},{"dynamodb":null},{"eventName":null,"dynamodb":{"NewImage":null,"SequenceNumber":null}}]}""")]
    [InlineData("""{"Records":[{"eventName":"INSERT","dynamodb":{"NewImage":{"eventId":null}}}]}""")]
    public void What_is_missing_or_null_brings_no_row(string input) =>
        Assert.Empty(Read(input, StreamJsonContext.Customize).EventIds);

    // As Amazon.Lambda.TestTool 0.15.0 writes the records that it takes from a stream.
    [Fact]
    public void The_names_may_be_spelt_as_the_Lambda_test_tool_spells_them()
    {
        const string Input = """
            {"records":[{"awsRegion":"eu-central-2","dynamodb":{"approximateCreationDateTime":"2026-11-29T06:07:52.3340064Z",
            "keys":{"eventId":{"b":null,"bool":null,"m":null,"n":null,"null":null,"s":"e-1","ss":null}},
            "newImage":{"eventId":{"b":null,"bool":null,"m":null,"n":null,"null":null,"s":"e-1","ss":null},"subject":{"s":"orders.placed"},
            "payload":{"s":"{}"},"status":{"s":"pending"},"enqueuedAt":{"n":"1767225600000"},"headers":{"m":{"a":{"s":"b"}}},"result":{"null":true}},
            "oldImage":null,"sequenceNumber":"100","sizeBytes":233,"streamViewType":"NEW_IMAGE"},"eventName":"INSERT","userIdentity":null}]}
            """;

        var batch = Read(Input, StreamJsonContext.Customize);

        Assert.Equal("e-1", Assert.Single(batch.Claims).EventId);
        Assert.Equal(Describe(Read(Input, null)), Describe(batch));
    }

    private static StreamBatch Read(string input, Action<JsonSerializerOptions>? customize)
    {
        var serializer = new SourceGeneratorLambdaJsonSerializer<StreamJsonContext>(customize);
        return StreamBatch.Read(serializer.Deserialize<DynamoDBEvent>(new MemoryStream(Encoding.UTF8.GetBytes(input))), Now, NullLogger.Instance);
    }

    private static string Describe(StreamBatch batch) => JsonSerializer.Serialize(new
    {
        batch.RecordCount,
        Claims = batch.Claims.Select(claim => new { claim.EventId, claim.Attempts, claim.Event, claim.Violation }),
        Deferred = batch.Deferred.Select(mark => new { mark.EventId, mark.Delay }),
        Numbers = batch.EventIds.Select(batch.SequenceNumberOf),
    });
}
