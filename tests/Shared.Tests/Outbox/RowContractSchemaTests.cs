using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Amazon.DynamoDBv2.Model;
using FsCheck;
using FsCheck.Fluent;
using Relaybox.DynamoDb;
using Relaybox.Events;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Outbox;

/// <summary>The schema says what the code does, to the last character that a schema can say.</summary>
public sealed partial class RowContractSchemaTests
{
    private const string Item = "dynamodbItem";
    private const string Row = "postgresRow";

    private static readonly RowContractSchema Schema = RowContractSchema.Read();

    [Fact]
    public void The_limits_are_those_of_the_code()
    {
        Assert.Equal($"urn:relaybox:row-contract:{RowContract.Version}", (string)Schema.Root["$id"]!);
        Assert.Equal(RowContract.MaxEventIdLength, (int)Schema.Definition("eventId")["maxLength"]!);
        Assert.Equal(RowContract.MaxSubjectLength, (int)Schema.Definition("subject")["maxLength"]!);
        Assert.Equal(RowContract.MaxOrderingKeyLength, (int)Schema.Definition("orderingKey")["maxLength"]!);
        Assert.Equal(RowContract.MaxHeaders, (int)Schema.Definition("headers")["maxProperties"]!);
        Assert.Equal(RowContract.MaxHeaderBytes, (int)Schema.Definition("headers")["additionalProperties"]!["maxLength"]!);
        Assert.Equal(DateTimeOffset.MaxValue.ToUnixTimeMilliseconds(), (long)Schema.Definition("epochMilliseconds")["maximum"]!);
    }

    [Fact]
    public void Schema_and_code_accept_the_same_events_for_DynamoDB() => Agree(
        Item, outboxEvent => RowContract.Check(outboxEvent) is null, AsItem);

    [Fact]
    public void Schema_and_code_accept_the_same_events_for_PostgreSQL() => Agree(Row, KeepsPostgresContract, AsRow);

    [Fact]
    public void The_generated_events_break_every_rule_and_keep_every_rule()
    {
        var codes = Events().Sample(4000).Select(outboxEvent => RowContract.Check(outboxEvent)?.Code ?? "kept").ToHashSet();
        Assert.Equal(7, codes.Count);
    }

    [Fact]
    public void What_the_DynamoDB_writer_writes_is_valid()
    {
        var now = DateTimeOffset.UnixEpoch.AddYears(60);
        foreach (var trigger in new[] { RelayTrigger.Stream, RelayTrigger.Schedule })
        {
            var full = Full() with { AvailableAt = now.AddMinutes(1) };
            var options = new DynamoDbOutboxOptions { TableName = "outbox", Trigger = trigger, DueShards = 256 };
            var item = AsJson(OutboxItem.ToItem(full, options, now));
            Assert.True(Schema.Accepts(Item, item), item.ToJsonString());
            Assert.Equal(Schema.PropertiesOf(Item).Order(), item.Select(field => field.Key).Order());
        }
    }

    public static TheoryData<string> Items { get; } =
    [
        """{"eventId":{"S":"e"},"subject":{"S":"a"},"payload":{"S":"p"},"status":{"S":"pending"}}""",
        """{"eventId":{"S":"e"},"subject":{"N":"7"},"payload":{"S":"p"},"status":{"S":"pending"}}""",
        """{"eventId":{"S":"e"},"payload":{"S":"p"},"status":{"S":"pending"}}""",
        """{"eventId":{"S":"e"},"subject":{"S":"a"},"payload":{"NULL":true},"status":{"S":"pending"}}""",
        """{"eventId":{"S":"e"},"subject":{"S":"a"},"payload":{"N":"1"},"status":{"S":"pending"}}""",
        """{"eventId":{"S":"e"},"subject":{"S":"a"},"payload":{"M":{}},"status":{"S":"pending"}}""",
        """{"eventId":{"S":"e"},"subject":{"S":"a"},"payload":{"S":"p"},"status":{"S":"pending"},"headers":{"M":{}}}""",
        """{"eventId":{"S":"e"},"subject":{"S":"a"},"payload":{"S":"p"},"status":{"S":"pending"},"headers":{"M":{"a":{"S":"b"}}}}""",
        """{"eventId":{"S":"e"},"subject":{"S":"a"},"payload":{"S":"p"},"status":{"S":"pending"},"headers":{"M":{"a":{"N":"1"}}}}""",
        """{"eventId":{"S":"e"},"subject":{"S":"a"},"payload":{"S":"p"},"status":{"S":"pending"},"headers":{"S":"{}"}}""",
        """{"eventId":{"S":"e"},"subject":{"S":"a"},"payload":{"S":"p"},"status":{"S":"pending"},"headers":{"NULL":true},"orderingKey":"""
        + """{"NULL":true},"enqueuedAt":{"NULL":true},"availableAt":{"NULL":true},"result":{"NULL":true}}""",
        """{"eventId":{"S":"e"},"subject":{"S":"a"},"payload":{"S":"p"},"status":{"S":"pending"},"orderingKey":{"N":"1"}}""",
        """{"eventId":{"S":"e"},"subject":{"S":"a"},"payload":{"S":"p"},"status":{"S":"pending"},"enqueuedAt":{"N":"1767225600000"}}""",
        """{"eventId":{"S":"e"},"subject":{"S":"a"},"payload":{"S":"p"},"status":{"S":"pending"},"enqueuedAt":{"N":"1.5"}}""",
        """{"eventId":{"S":"e"},"subject":{"S":"a"},"payload":{"S":"p"},"status":{"S":"pending"},"availableAt":{"S":"2026-01-01T00:00:00Z"}}""",
        """{"eventId":{"S":"e"},"subject":{"S":"a"},"payload":{"S":"p"},"status":{"S":"pending"},"result":{"M":{}}}""",
    ];

    [Theory]
    [MemberData(nameof(Items))]
    public void Schema_and_store_agree_about_types(string typed)
    {
        var item = JsonNode.Parse(typed)!.AsObject().ToDictionary(field => field.Key, field => AsAttribute(field.Value!.AsObject()));
        Assert.Equal(DynamoDbOutboxRows.ReadClaim(item).Violation is null, Schema.Accepts(Item, AsJson(item)));
    }

    [Theory]
    [InlineData("event_id", "\"x\"")]
    [InlineData("attempts", "0")]
    [InlineData("claimToken", "\"t\"")]
    [InlineData("expiresAt", "1")]
    [InlineData("status", "\"sent\"")]
    [InlineData("status", "null")]
    [InlineData("dueShard", "\"1\"")]
    [InlineData("dueAt", "1")]
    [InlineData("enqueuedAt", "-1")]
    public void What_the_system_writes_is_not_the_apps_to_write(string name, string value)
    {
        var item = AsItem(Sample.Event());
        Assert.True(Schema.Accepts(Item, item));
        item[name] = JsonNode.Parse(value);
        Assert.False(Schema.Accepts(Item, item));
    }

    [Theory]
    [InlineData("0", true)]
    [InlineData("7", true)]
    [InlineData("255", true)]
    [InlineData("256", false)]
    [InlineData("07", false)]
    [InlineData("7\n", false)]
    [InlineData("failed", false)]
    [InlineData("", false)]
    public void A_due_shard_is_a_number_below_the_most_shards(string shard, bool valid)
    {
        var item = AsItem(Sample.Event());
        item["dueShard"] = shard;
        item["dueAt"] = 1767225600000;
        Assert.Equal(valid, Schema.Accepts(Item, item));
    }

    [Fact]
    public void The_apps_role_may_write_the_columns_of_the_schema_and_no_others()
    {
        var roles = File.ReadAllText(RepositoryRoot.Combine("src", "Shared", "Postgres", "Schema", "Roles", "roles.sql"));
        var granted = Regex.Match(roles, @"GRANT INSERT \(([^)]+)\) ON \{\{outbox\}\} TO \{\{role:app\}\}").Groups[1].Value.Split(", ");
        Assert.Equal(Schema.PropertiesOf(Row).Except(["status"]).Order(), granted.Order());

        // The columns before the relay's own.
        var table = File.ReadAllText(RepositoryRoot.Combine("src", "Shared", "Postgres", "Schema", "Migrations", "0001_tables.sql"));
        var columns = Regex.Matches(table[..table.IndexOf("    row_id", StringComparison.Ordinal)], "^    ([a-z_]+) ", RegexOptions.Multiline);
        Assert.Equal(Schema.PropertiesOf(Row).Order(), columns.Select(column => column.Groups[1].Value).Order());
    }

    [Theory]
    [InlineData("enqueued_at")]
    [InlineData("available_at")]
    public void A_column_that_may_not_be_null_is_left_out_or_a_time(string column)
    {
        var row = AsRow(Sample.Event());
        row[column] = "2026-01-01T00:00:00Z";
        Assert.True(Schema.Accepts(Row, row));
        row[column] = null;
        Assert.False(Schema.Accepts(Row, row));
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/row-contract.md")]
    public void The_documented_item_is_valid(string page)
    {
        var text = File.ReadAllText(RepositoryRoot.Combine(page));
        var block = Regex.Match(text, """```json\s*(\{\s*"eventId":.*?)```""", RegexOptions.Singleline);
        Assert.True(block.Success, $"{page} shows an item.");
        var item = JsonNode.Parse(block.Groups[1].Value)!.AsObject().ToDictionary(field => field.Key, field => AsAttribute(field.Value!.AsObject()));
        Assert.Null(DynamoDbOutboxRows.ReadClaim(item).Violation);
        Assert.True(Schema.Accepts(Item, AsJson(item)));
    }

    private static void Agree(string definition, Func<OutboxEvent, bool> keepsContract, Func<OutboxEvent, JsonObject> toJson) => Prop.ForAll(
        Arb.From(Events()),
        outboxEvent => Assert.Equal(
            keepsContract(outboxEvent), Schema.Accepts(definition, toJson(outboxEvent)) && !BreaksWhatASchemaCannotSay(outboxEvent)))
        .Check(Config.QuickThrowOnFailure.WithMaxTest(3000));

    /// <summary>What docs/row-contract.md lists as beyond the schema, written down a second time.</summary>
    private static bool BreaksWhatASchemaCannotSay(OutboxEvent outboxEvent)
    {
        string?[] texts = [outboxEvent.EventId, outboxEvent.Payload, outboxEvent.OrderingKey, outboxEvent.Result, .. outboxEvent.Headers.Values];
        return texts.Any(text => text is not null && Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) != text)
            || outboxEvent.EventId.Length > 255
            || outboxEvent.OrderingKey?.Length > 255
            || outboxEvent.Headers.Sum(header => header.Key.Length + Encoding.UTF8.GetByteCount(header.Value)) > 8192
            || (outboxEvent.Result is { } result && !IsBareJson(result));
    }

    private static bool IsBareJson(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 256 });
            return !char.IsWhiteSpace(text[0]) && !char.IsWhiteSpace(text[^1]);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool KeepsPostgresContract(OutboxEvent outboxEvent)
    {
        try
        {
            PostgresRowContract.Require(outboxEvent);
            return true;
        }
        catch (RowContractException)
        {
            return false;
        }
    }

    // Each field is mostly good, so that often but one is bad.
    private static Gen<OutboxEvent> Events()
    {
        var piece = Gen.Frequency(
            (12, Gen.Elements("a", "Z", "7", "-", ".", "order", "é", "中", "\U0001F680", " ")),
            (1, Gen.Elements(
                "\n", "\r\n", "\t", "\0", "\u007f", "\u0085", "\u009f", "\u00a0", "\u2028", "\uFFFE", "\uFFFD", "\uD800", "\uDC00", "\u001f")));
        var text = Gen.Frequency(
            (8, Gen.ArrayOf(piece).Select(string.Concat)),
            (1, Gen.Choose(253, 257).Select(n => new string('x', n))),
            (1, Gen.Choose(126, 129).SelectMany(n => Gen.Elements("", "y").Select(end => string.Concat(Enumerable.Repeat("\U0001F680", n)) + end))));
        var subject = Gen.Frequency(
            (8, Gen.Elements("orders.placed", "a", "A-b_c.0", "x.y.z")),
            (1, Gen.Choose(253, 257).Select(n => new string('s', n))),
            (2, Gen.Elements("", ".", "a.", ".a", "a..b", "a b", "a.*", "a.>", "$JS.API", "a\n", "a\r\n", "é", "a/b", "a.b\n", "\na", "a\0")));
        var name = Gen.Frequency(
            (12, Gen.Elements("a", "content-type", "x!#$%&'*+-.^_`|~", "traceparent", "nats", "Natsx", "x-Nats-", "0")),
            (1, Gen.Elements("", "a b", "a:b", "é", "Nats-Msg-Id", "nats-x", "NATS-", "a\n", "\n", "a\0")));
        var value = Gen.Frequency(
            (10, text),
            (1, Gen.Choose(8189, 8193).Select(n => new string('v', n))),
            (1, Gen.Choose(4094, 4097).Select(n => new string('é', n))));
        var headers = Gen.Frequency(
            (4, Gen.Constant(Array.Empty<(string, string)>())),
            (3, Gen.Choose(1, 3).SelectMany(n => Gen.ArrayOf(name.Zip(value).Select(pair => (pair.Item1, pair.Item2)), n))),
            (1, Gen.Choose(63, 66).Select(n => Enumerable.Range(10, n).Select(i => ($"{i}", "v")).ToArray())));
        var result = Gen.Frequency<string?>(
            (4, Gen.Constant<string?>(null)),
            (3, Gen.Elements<string?>("null", "7", """{"id":7}""", "\"é\"", new string('[', 256) + new string(']', 256))),
            (1, Gen.Elements<string?>("", " ", "done", "{} {}", " {}", "{}\n", "\0", new string('[', 257) + new string(']', 257))));
        return
            from id in text.Select(t => t.Length == 0 ? "e" : t).SelectMany(t => Gen.Frequency((12, Gen.Constant(t)), (1, Gen.Constant(""))))
            from about in subject
            from payload in text
            from all in headers
            from key in Gen.Frequency((2, Gen.Constant<string?>(null)), (2, text.Select(string? (t) => t)))
            from outcome in result
            select new OutboxEvent
            {
                EventId = id,
                Subject = about,
                Payload = payload,
                Headers = all.DistinctBy(header => header.Item1).ToDictionary(header => header.Item1, header => header.Item2),
                OrderingKey = key,
                Result = outcome,
            };
    }

    private static OutboxEvent Full() => Sample.Event() with
    {
        Headers = new Dictionary<string, string> { ["content-type"] = "application/json" },
        OrderingKey = "customer-7",
        Result = "{}",
        EnqueuedAt = DateTimeOffset.UnixEpoch.AddYears(60),
    };

    private static JsonObject AsItem(OutboxEvent outboxEvent) => new()
    {
        ["eventId"] = outboxEvent.EventId,
        ["subject"] = outboxEvent.Subject,
        ["payload"] = outboxEvent.Payload,
        ["status"] = "pending",
        ["headers"] = Headers(outboxEvent),
        ["orderingKey"] = outboxEvent.OrderingKey,
        ["result"] = outboxEvent.Result,
    };

    // Headers are text in a column; the schema checks them apart, and here they are put where it would find them invalid.
    private static JsonObject AsRow(OutboxEvent outboxEvent) => new()
    {
        ["event_id"] = outboxEvent.EventId,
        ["subject"] = outboxEvent.Subject,
        ["payload"] = outboxEvent.Payload,
        ["headers"] = Schema.Accepts("headers", Headers(outboxEvent)) ? "{}" : 7,
        ["ordering_key"] = outboxEvent.OrderingKey,
        ["result"] = outboxEvent.Result,
    };

    private static JsonObject Headers(OutboxEvent outboxEvent) =>
        new(outboxEvent.Headers.Select(header => KeyValuePair.Create(header.Key, (JsonNode?)JsonValue.Create(header.Value))));

    private static JsonObject AsJson(Dictionary<string, AttributeValue> item) =>
        new(item.Select(field => KeyValuePair.Create(field.Key, AsJson(field.Value))));

    private static JsonNode? AsJson(AttributeValue value) => value switch
    {
        { S: { } text } => JsonValue.Create(text),
        { N: { } number } => JsonNode.Parse(number),
        { M: { } map } => AsJson(map),
        _ => null,
    };

    private static AttributeValue AsAttribute(JsonObject typed) => typed.Single() switch
    {
        { Key: "S", Value: { } text } => new AttributeValue { S = (string)text! },
        { Key: "N", Value: { } number } => new AttributeValue { N = (string)number! },
        { Key: "M", Value: { } map } =>
            new AttributeValue { M = map.AsObject().ToDictionary(field => field.Key, field => AsAttribute(field.Value!.AsObject())) },
        { Key: "NULL" } => new AttributeValue { NULL = true },
        var other => throw new NotSupportedException(other.Key),
    };
}
