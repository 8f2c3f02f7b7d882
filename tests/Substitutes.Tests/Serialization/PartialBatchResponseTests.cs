using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Amazon.Lambda.Core;
using Amazon.Lambda.DynamoDBEvents;
using Amazon.Lambda.Serialization.SystemTextJson;
using Amazon.Lambda.SQSEvents;

namespace Relaybox.Substitutes.Tests.Serialization;

/// <summary>
/// The exact bytes that Lambda reads. Other names than these read as "nothing failed", and the messages are lost; so
/// every way of serializing a response is pinned.
/// </summary>
public class PartialBatchResponseTests
{
    private static readonly JsonSerializerOptions CamelCase = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        TypeInfoResolver = System.Text.Json.Serialization.Metadata.JsonTypeInfoResolver.Combine(
            QueueJson.Default, StreamJson.Default),
    };

    private static readonly JsonSerializerOptions PascalCase = new(CamelCase) { PropertyNamingPolicy = null };

    public static TheoryData<string> Serializers => ["default", "customized", "context", "camel case", "pascal case"];

    [Theory]
    [MemberData(nameof(Serializers))]
    public void Failed_messages_are_named_in_camel_case(string serializer)
    {
        var response = new SQSBatchResponse([Failed("059f36b4-87a3-44ab-83d2-661975830a7d"), Failed("b")]);

        Assert.Equal(
            """{"batchItemFailures":[{"itemIdentifier":"059f36b4-87a3-44ab-83d2-661975830a7d"},{"itemIdentifier":"b"}]}""",
            Write(serializer, response));
    }

    [Theory]
    [MemberData(nameof(Serializers))]
    public void Failed_records_are_named_in_camel_case(string serializer)
    {
        var response = new StreamsEventResponse
        {
            BatchItemFailures = [new() { ItemIdentifier = "111000000000000000000001" }],
        };

        Assert.Equal(
            """{"batchItemFailures":[{"itemIdentifier":"111000000000000000000001"}]}""", Write(serializer, response));
    }

    [Theory]
    [MemberData(nameof(Serializers))]
    public void A_batch_without_failures_has_an_empty_list(string serializer)
    {
        Assert.Equal("""{"batchItemFailures":[]}""", Write(serializer, new SQSBatchResponse()));
        Assert.Equal("""{"batchItemFailures":[]}""", Write(serializer, new SQSBatchResponse([])));
        Assert.Equal(
            """{"batchItemFailures":[]}""", Write(serializer, new StreamsEventResponse { BatchItemFailures = [] }));
    }

    [Theory]
    [InlineData("default", "{}")]
    [InlineData("customized", "{}")]
    [InlineData("context", """{"batchItemFailures":null}""")]
    [InlineData("camel case", """{"batchItemFailures":null}""")]
    [InlineData("pascal case", """{"batchItemFailures":null}""")]
    public void A_list_that_is_null_reads_as_success_too(string serializer, string expected)
    {
        Assert.Equal(expected, Write(serializer, new SQSBatchResponse(null!)));
        Assert.Equal(expected, Write(serializer, new StreamsEventResponse()));
    }

    [Fact]
    public void An_identifier_that_is_null_or_empty_is_still_a_failure_of_the_whole_batch()
    {
        Assert.Equal(
            """{"batchItemFailures":[{}]}""", Write("default", new SQSBatchResponse([Failed(null)])));
        Assert.Equal(
            """{"batchItemFailures":[{"itemIdentifier":""}]}""", Write("default", new SQSBatchResponse([Failed("")])));
    }

    [Fact]
    public void Identifiers_are_escaped_no_more_than_JSON_needs() =>
        Assert.Equal(
            """{"batchItemFailures":[{"itemIdentifier":"a+b<é>&'\"\\"}]}""",
            Write("default", new SQSBatchResponse([Failed("a+b<é>&'\"\\")])));

    private static SQSBatchResponse.BatchItemFailure Failed(string? id) => new() { ItemIdentifier = id };

    private static string Write<T>(string serializer, T response)
    {
        using var stream = new MemoryStream();
        switch (serializer)
        {
            case "default":
                Lambda<T>(customizer: null).Serialize(response, stream);
                break;
            case "customized":
                Lambda<T>(options => options.PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower)
                    .Serialize(response, stream);
                break;
            case "context":
                JsonSerializerContext context = IsStream<T>() ? StreamJson.Default : QueueJson.Default;
                JsonSerializer.Serialize(stream, response, typeof(T), context);
                break;
            case "camel case":
                JsonSerializer.Serialize(stream, response, CamelCase.GetTypeInfo(typeof(T)));
                break;
            default:
                JsonSerializer.Serialize(stream, response, PascalCase.GetTypeInfo(typeof(T)));
                break;
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static bool IsStream<T>() => typeof(T) == typeof(StreamsEventResponse);

    private static ILambdaSerializer Lambda<T>(Action<JsonSerializerOptions>? customizer) =>
        IsStream<T>()
            ? new SourceGeneratorLambdaJsonSerializer<StreamJson>(customizer)
            : new SourceGeneratorLambdaJsonSerializer<QueueJson>(customizer);
}
