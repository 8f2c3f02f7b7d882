using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using MongoDB.Bson;
using MongoDB.Bson.IO;
using Relaybox.Events;
using Relaybox.MongoDb;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Outbox;

// The third form. The server checks it a second time, with the validator that Setup installs.
public sealed partial class RowContractSchemaTests
{
    private const string Document = "mongodbDocument";

    private static readonly RowContractSchema Validator = new(ParseJson(OutboxValidator.Schema));

    /// <summary>
    /// Documents as relaxed Extended JSON; whether the schema accepts them, whether the server does, and whether the relay would send them.
    /// Whatever the schema accepts, the other two accept. The relay parks what the server lets through and cannot be sent.
    /// </summary>
    public static TheoryData<string, bool, bool, bool> Documents { get; } = new()
    {
        { """{"_id":"e","subject":"a","payload":"p","status":"pending"}""", true, true, true },
        { """{"_id":"e","subject":"a.b-c_0","payload":"","status":"pending","headers":{}}""", true, true, true },
        { """{"_id":"e","subject":"a","payload":"p","status":"pending","headers":{"x.$y":"z"},"result":"{}"}""", true, true, true },
        { """{"_id":"e","subject":"a","payload":"p","status":"pending","orderingKey":"k","orderNumber":1}""", true, true, true },
        { """{"_id":"e","subject":"a","payload":"p","status":"pending","orderingKey":"k","orderNumber":7.0}""", true, true, true },
        { """{"_id":"e","subject":"a","payload":"p","status":"pending","enqueuedAt":{"$date":"2026-01-01T00:00:00Z"}}""", true, true, true },
        { """{"_id":"e","subject":"a","payload":"p","status":"pending","availableAt":{"$date":"2026-01-01T00:00:00.001Z"}}""", true, true, true },
        {
            """{"_id":"e","subject":"a","payload":"p","status":"pending","headers":null,"orderingKey":null,"result":null,"enqueuedAt":null,"""
            + "\"availableAt\":null}",
            true, true, true
        },

        // Refused by the server at once.
        { """{"subject":"a","payload":"p","status":"pending"}""", false, false, false },
        { """{"_id":"","subject":"a","payload":"p","status":"pending"}""", false, false, false },
        { """{"_id":7,"subject":"a","payload":"p","status":"pending"}""", false, false, false },
        { """{"_id":"e","payload":"p","status":"pending"}""", false, false, false },
        { """{"_id":"e","subject":"a.*","payload":"p","status":"pending"}""", false, false, false },
        { """{"_id":"e","subject":"a..b","payload":"p","status":"pending"}""", false, false, false },
        { """{"_id":"e","subject":7,"payload":"p","status":"pending"}""", false, false, false },
        { """{"_id":"e","subject":"a","status":"pending"}""", false, false, false },
        { """{"_id":"e","subject":"a","payload":{"orderId":"o"},"status":"pending"}""", false, false, false },
        { """{"_id":"e","subject":"a","payload":null,"status":"pending"}""", false, false, false },
        { """{"_id":"e","subject":"a","payload":"p"}""", false, false, true },
        { """{"_id":"e","subject":"a","payload":"p","status":"pending","headers":"{}"}""", false, false, false },
        { """{"_id":"e","subject":"a","payload":"p","status":"pending","headers":{"a":1}}""", false, false, false },
        { """{"_id":"e","subject":"a","payload":"p","status":"pending","orderingKey":""}""", false, false, false },
        { """{"_id":"e","subject":"a","payload":"p","status":"pending","orderingKey":1,"orderNumber":1}""", false, false, false },
        { """{"_id":"e","subject":"a","payload":"p","status":"pending","orderingKey":"k","orderNumber":0}""", false, false, false },
        { """{"_id":"e","subject":"a","payload":"p","status":"pending","orderingKey":"k","orderNumber":"1"}""", false, false, false },
        { """{"_id":"e","subject":"a","payload":"p","status":"pending","result":{"id":7}}""", false, false, false },
        { """{"_id":"e","subject":"a","payload":"p","status":"pending","orderingKey":null,"orderNumber":null}""", false, false, true },
        { """{"_id":"e","subject":"a","payload":"p","status":"pending","enqueuedAt":"2026-01-01T00:00:00Z"}""", false, false, false },
        { """{"_id":"e","subject":"a","payload":"p","status":"pending","availableAt":1767225600000}""", false, false, false },

        // Let through by the server, and parked.
        { """{"_id":"e\n","subject":"a","payload":"p","status":"pending"}""", false, true, false },
        { """{"_id":"e","subject":"a","payload":"p","status":"pending","headers":{"a b":"c"}}""", false, true, false },
        { """{"_id":"e","subject":"a","payload":"p","status":"pending","headers":{"Nats-Msg-Id":"c"}}""", false, true, false },
        { """{"_id":"e","subject":"a","payload":"p","status":"pending","orderingKey":"k"}""", false, true, false },
        { """{"_id":"e","subject":"a","payload":"p","status":"pending","orderingKey":"k","orderNumber":1.5}""", false, true, false },
        { """{"_id":"e","subject":"a","payload":"p","status":"pending","orderingKey":"k\t","orderNumber":1}""", false, true, false },

        // Let through and sent, but not the app's to write.
        { """{"_id":"e","subject":"a","payload":"p","status":"waiting"}""", false, true, true },
        { """{"_id":"e","subject":"a","payload":"p","status":"pending","orderNumber":1}""", false, true, true },
        { """{"_id":"e","subject":"a","payload":"p","status":"pending","attempts":0}""", false, true, true },
        { """{"_id":"e","subject":"a","payload":"p","status":"pending","followed":true}""", false, true, true },
        { """{"_id":"e","subject":"a","payload":"p","status":"pending","enqueuedAt":{"$date":{"$numberLong":"-1"}}}""", false, true, true },
    };

    [Theory]
    [MemberData(nameof(Documents))]
    public void Schema_validator_and_relay_agree_about_documents(string json, bool isValid, bool isInserted, bool isSendable)
    {
        var document = BsonDocument.Parse(json);
        Assert.Equal(isValid, Schema.Accepts(Document, ParseJson(document)));
        Assert.Equal(isInserted, Validator.Accepts(ParseJson(document)));
        Assert.Equal(isSendable, ReadClaim(document).Violation is null);
        Assert.True(!isValid || (isInserted && isSendable), "What the schema accepts can be sent.");
    }

    [Fact]
    public void A_row_whose_key_is_too_long_to_be_read_is_not_sent_without_it()
    {
        var read = AsRead(BsonDocument.Parse(
            """{"_id":"e","subject":"a","payload":"p","status":"pending","orderingKey":"k","orderNumber":1}"""));
        Assert.Null(OutboxDocument.ReadClaim(read, "token", 1, unfinished: 0).Violation);

        read.Remove("orderingKey");
        Assert.Equal(ErrorCodes.OrderingKeyInvalid, OutboxDocument.ReadClaim(read, "token", 1, unfinished: 0).Violation?.Code);
    }

    [Fact]
    public void Schema_and_code_accept_the_same_events_for_MongoDB() => Agree(
        Document, outboxEvent => RowContract.Check(outboxEvent) is null, AsDocument);

    [Fact]
    public void The_validator_refuses_no_event_that_keeps_the_contract() => Prop.ForAll(
        Arb.From(Events()),
        outboxEvent => RowContract.Check(outboxEvent) is not null || Validator.Accepts(AsDocument(outboxEvent)))
        .Check(Config.QuickThrowOnFailure.WithMaxTest(3000));

    [Fact]
    public void The_limits_of_the_validator_are_those_of_the_code()
    {
        var properties = Validator.Root["properties"]!;
        Assert.Equal(RowContract.MaxEventIdLength, (int)properties["_id"]!["maxLength"]!);
        Assert.Equal(RowContract.MaxSubjectLength, (int)properties["subject"]!["maxLength"]!);
        Assert.Equal(RowContract.MaxOrderingKeyLength, (int)properties["orderingKey"]!["maxLength"]!);
        Assert.Equal(RowContract.MaxHeaders, (int)properties["headers"]!["maxProperties"]!);
        Assert.Equal(Schema.PropertiesOf(Document).Order(), properties.AsObject().Select(property => property.Key).Order());
        Assert.Equal(
            Schema.Definition(Document)["required"]!.AsArray().Select(name => (string)name!),
            Validator.Root["required"]!.AsArray().Select(name => (string)name!));
    }

    [Fact]
    public void What_the_MongoDB_writer_writes_is_valid()
    {
        var now = DateTimeOffset.UnixEpoch.AddYears(60);
        var full = ParseJson(OutboxDocument.Of(Full() with { AvailableAt = now.AddMinutes(1) }, orderNumber: 7, now));
        Assert.True(Schema.Accepts(Document, full), full.ToJsonString());
        Assert.True(Validator.Accepts(full));
        Assert.Equal(Schema.PropertiesOf(Document).Order(), full.Select(field => field.Key).Order());

        var least = ParseJson(OutboxDocument.Of(Sample.Event(), orderNumber: null, now));
        Assert.True(Schema.Accepts(Document, least), least.ToJsonString());
    }

    [Fact]
    public void The_documented_document_is_valid()
    {
        var text = File.ReadAllText(RepositoryRoot.Combine("docs/row-contract.md"));
        var blocks = Regex.Matches(text, """```json\s*(\{\s*"_id":.*?)```""", RegexOptions.Singleline);
        Assert.NotEmpty(blocks);
        foreach (var block in blocks.Select(block => block.Groups[1].Value))
        {
            var document = BsonDocument.Parse(block);
            Assert.Null(ReadClaim(document).Violation);
            Assert.True(Schema.Accepts(Document, ParseJson(document)), block);
        }
    }

    private static JsonObject AsDocument(OutboxEvent outboxEvent)
    {
        var document = new JsonObject
        {
            ["_id"] = outboxEvent.EventId,
            ["subject"] = outboxEvent.Subject,
            ["payload"] = outboxEvent.Payload,
            ["status"] = "pending",
            ["headers"] = Headers(outboxEvent),
            ["orderingKey"] = outboxEvent.OrderingKey,
            ["result"] = outboxEvent.Result,
        };
        if (outboxEvent.OrderingKey is not null)
        {
            document["orderNumber"] = 1;
        }

        return document;
    }

    private static OutboxClaim ReadClaim(BsonDocument document) => OutboxDocument.ReadClaim(AsRead(document), "token", 1, unfinished: 0);

    // As the server projects it (OutboxProjection.Of): the fields that have their types, and the types of all.
    private static BsonDocument AsRead(BsonDocument document)
    {
        Dictionary<string, string[]> types = new()
        {
            ["_id"] = ["string"], ["subject"] = ["string"], ["payload"] = ["string"], ["headers"] = ["object"], ["orderingKey"] = ["string"],
            ["orderNumber"] = ["int", "long", "double"], ["result"] = ["string"], ["enqueuedAt"] = ["date"], ["availableAt"] = ["date"],
        };
        var read = new BsonDocument
        {
            { "bytes", 0 },
            { "types", new BsonDocument(types.Keys.Select(field => new BsonElement(field, TypeOf(document, field)))) },
        };
        foreach (var (field, _) in types.Where(type => type.Value.Contains(TypeOf(document, type.Key))))
        {
            read[field] = document[field];
        }

        return read;
    }

    // As the operator $type names it.
    private static string TypeOf(BsonDocument document, string field) => document.GetValue(field, null)?.BsonType switch
    {
        null => "missing",
        BsonType.String => "string",
        BsonType.Document => "object",
        BsonType.DateTime => "date",
        BsonType.Int32 => "int",
        BsonType.Int64 => "long",
        BsonType.Double => "double",
        BsonType.Null => "null",
        var other => throw new NotSupportedException($"{other}"),
    };

    private static JsonObject ParseJson(BsonDocument document) =>
        JsonNode.Parse(document.ToJson(new JsonWriterSettings { OutputMode = JsonOutputMode.RelaxedExtendedJson }))!.AsObject();
}
