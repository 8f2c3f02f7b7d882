using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Amazon.Lambda.DynamoDBEvents;

namespace Relaybox.Functions.Relay;

/// <summary>
/// Reads of a stream event what the relay needs: each record's kind, its number and its new image. The keys, the other image,
/// ids and names are passed over, and words that are the same in every record are not read again.
/// </summary>
internal sealed class StreamEventConverter : JsonConverter<DynamoDBEvent>
{
    private const int UsualAttributes = 8;

    // Of the contract, and in nearly every row.
    private static readonly string[] Words =
    [
        "INSERT", "eventId", "subject", "payload", "status", "pending", "headers",
        "orderingKey", "enqueuedAt", "availableAt", "result", "traceparent",
    ];

    public override DynamoDBEvent Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        Require(ref reader, JsonTokenType.StartObject);
        var result = new DynamoDBEvent();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (Is(ref reader, "Records"u8))
            {
                reader.Read();
                result.Records = ReadRecords(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        return result;
    }

    public override void Write(Utf8JsonWriter writer, DynamoDBEvent value, JsonSerializerOptions options) =>
        throw new NotSupportedException("Stream events are only read.");

    private static List<DynamoDBEvent.DynamodbStreamRecord?>? ReadRecords(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return null;
        }

        Require(ref reader, JsonTokenType.StartArray);
        var records = new List<DynamoDBEvent.DynamodbStreamRecord?>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            records.Add(reader.TokenType == JsonTokenType.Null ? null : ReadRecord(ref reader));
        }

        return records;
    }

    private static DynamoDBEvent.DynamodbStreamRecord ReadRecord(ref Utf8JsonReader reader)
    {
        Require(ref reader, JsonTokenType.StartObject);
        var record = new DynamoDBEvent.DynamodbStreamRecord();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (Is(ref reader, "eventName"u8))
            {
                reader.Read();
                record.EventName = ReadText(ref reader);
            }
            else if (Is(ref reader, "dynamodb"u8))
            {
                reader.Read();
                record.Dynamodb = reader.TokenType == JsonTokenType.Null ? null : ReadChange(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        return record;
    }

    private static DynamoDBEvent.StreamRecord ReadChange(ref Utf8JsonReader reader)
    {
        Require(ref reader, JsonTokenType.StartObject);
        var change = new DynamoDBEvent.StreamRecord();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (Is(ref reader, "NewImage"u8))
            {
                reader.Read();
                change.NewImage = ReadMap(ref reader, UsualAttributes);
            }
            else if (Is(ref reader, "SequenceNumber"u8))
            {
                reader.Read();
                change.SequenceNumber = reader.GetString();
            }
            else
            {
                reader.Skip();
            }
        }

        return change;
    }

    private static Dictionary<string, DynamoDBEvent.AttributeValue?>? ReadMap(ref Utf8JsonReader reader, int capacity = 1)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return null;
        }

        Require(ref reader, JsonTokenType.StartObject);
        var map = new Dictionary<string, DynamoDBEvent.AttributeValue?>(capacity);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = ReadText(ref reader)!;
            reader.Read();
            map[name] = reader.TokenType == JsonTokenType.Null ? null : ReadValue(ref reader);
        }

        return map;
    }

    // A value of a type that the contract has no use for is one without anything: what counts is that it is there.
    private static DynamoDBEvent.AttributeValue ReadValue(ref Utf8JsonReader reader)
    {
        Require(ref reader, JsonTokenType.StartObject);
        var value = new DynamoDBEvent.AttributeValue();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (Is(ref reader, "S"u8))
            {
                reader.Read();
                value.S = ReadText(ref reader);
            }
            else if (Is(ref reader, "N"u8))
            {
                reader.Read();
                value.N = reader.GetString();
            }
            else if (Is(ref reader, "M"u8))
            {
                reader.Read();
                value.M = ReadMap(ref reader);
            }
            else if (Is(ref reader, "NULL"u8))
            {
                reader.Read();
                value.NULL = reader.TokenType == JsonTokenType.Null ? null : reader.GetBoolean();
            }
            else
            {
                reader.Skip();
            }
        }

        return value;
    }

    // The same string for the same word.
    private static string? ReadText(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueSpan.Length <= 11)
        {
            foreach (var word in Words)
            {
                if (word.Length == reader.ValueSpan.Length && reader.ValueTextEquals(word))
                {
                    return word;
                }
            }
        }

        return reader.GetString();
    }

    // Lambda's own spelling, or another, which the serializer takes as well: the Lambda test tool writes "records" and "newImage".
    private static bool Is(ref Utf8JsonReader reader, ReadOnlySpan<byte> name) =>
        reader.ValueTextEquals(name) || Ascii.EqualsIgnoreCase(reader.ValueSpan, name);

    private static void Require(ref Utf8JsonReader reader, JsonTokenType token)
    {
        if (reader.TokenType != token)
        {
            throw new JsonException($"Expected {token}, and not {reader.TokenType}.");
        }
    }
}
