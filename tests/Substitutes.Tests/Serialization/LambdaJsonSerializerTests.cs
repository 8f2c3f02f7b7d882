using System.Text;
using Amazon.Lambda.Core;
using Amazon.Lambda.Serialization.SystemTextJson;
using Amazon.Lambda.SQSEvents;

namespace Relaybox.Substitutes.Tests.Serialization;

public class LambdaJsonSerializerTests
{
    private static readonly ILambdaSerializer Serializer = new SourceGeneratorLambdaJsonSerializer<PlainJson>();

    [Fact]
    public void Members_are_written_as_Lambda_expects_them()
    {
        var sample = new Sample
        {
            Name = "Ünïcode & <tags> 'quotes' \u2028",
            When = new DateTime(2026, 11, 22, 12, 30, 0, DateTimeKind.Utc),
            Bytes = [1, 2, 255],
            Binary = new MemoryStream([0xFB, 0xFF]),
            XAmzId2 = "id",
        };

        Assert.Equal(
            """
            {"Name":"Ünïcode & <tags> 'quotes' \u2028","When":"2026-11-22T12:30:00Z","Bytes":[1,2,255],
            "Binary":"+/8=","x-amz-id-2":"id"}
            """.ReplaceLineEndings(""),
            Write(sample));
    }

    [Fact]
    public void Members_are_read_whatever_the_case_of_their_names()
    {
        var sample = Read("""{"NAME":"n","when":"2026-11-22T12:30:00Z","bytes":"AQL/","Binary":"+/8=","unknown":{}}""");

        Assert.Equal("n", sample.Name);
        Assert.Equal([1, 2, 255], sample.Bytes);
        Assert.Equal([0xFB, 0xFF], sample.Binary!.ToArray());
    }

    [Theory]
    [InlineData("1428537600", "2015-04-09T00:00:00.0000000Z")]
    [InlineData("1479499740.25", "2016-11-18T20:09:00.2500000Z")]
    [InlineData("1.47949974E9", "2016-11-18T20:09:00.0000000Z")]
    [InlineData("1607497475000", "2020-12-09T07:04:35.0000000Z")]
    [InlineData("0", "1970-01-01T00:00:00.0000000Z")]
    [InlineData("\"2016-11-18T20:09:00.5Z\"", "2016-11-18T20:09:00.5000000Z")]
    public void Dates_are_text_or_epoch_seconds_or_very_large_epoch_milliseconds(string json, string expected) =>
        Assert.Equal(expected, Read($$"""{"When":{{json}}}""").When.ToString("O"));

    [Theory]
    [InlineData("")]
    [InlineData("nothing")]
    [InlineData("[]")]
    [InlineData("""{"When":"yesterday"}""")]
    [InlineData("""{"When":true}""")]
    [InlineData("""{"Binary":"%%%"}""")]
    [InlineData("""{"Name":"cut""")]
    public void What_is_not_the_event_is_one_kind_of_error_that_names_the_type(string json)
    {
        var exception = Assert.Throws<JsonSerializerException>(() => Read(json));

        Assert.Contains(typeof(Sample).FullName!, exception.Message, StringComparison.Ordinal);
        Assert.NotNull(exception.InnerException);
    }

    [Fact]
    public void A_type_that_the_context_does_not_know_is_an_error_in_both_directions()
    {
        Assert.Throws<JsonSerializerException>(() => Serializer.Serialize(new SQSBatchResponse(), new MemoryStream()));
        Assert.Throws<JsonSerializerException>(() => Serializer.Deserialize<SQSEvent>(new MemoryStream("{}"u8.ToArray())));
    }

    [Fact]
    public void Any_stream_will_do_from_where_it_stands()
    {
        var bytes = "{\"Name\":\"n\"}"u8.ToArray();

        Assert.Equal("n", Serializer.Deserialize<Sample>(new MemoryStream(bytes)).Name);
        Assert.Equal("n", Serializer.Deserialize<Sample>(new MemoryStream(bytes, 0, bytes.Length, false, true)).Name);
        Assert.Equal("n", Serializer.Deserialize<Sample>(new BufferedStream(new MemoryStream(bytes))).Name);
    }

    private static string Write(Sample sample)
    {
        using var stream = new MemoryStream();
        Serializer.Serialize(sample, stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static Sample Read(string json) =>
        Serializer.Deserialize<Sample>(new MemoryStream(Encoding.UTF8.GetBytes(json)));
}
