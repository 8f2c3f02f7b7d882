using System.Security.Cryptography;
using System.Text;
using Relaybox.Shared.Tests.Support;

namespace Relaybox.Shared.Tests.Inbox;

/// <summary>What the inbox remembers of a message's content.</summary>
public class InboxMessageTests
{
    // Records of earlier versions hold it: it never changes.
    [Theory]
    [InlineData("")]
    [InlineData("{\"n\":1}")]
    [InlineData("é\U0001F680")]
    public void The_hash_is_that_of_the_subject_a_line_feed_and_the_payload(string payload)
    {
        foreach (var repeats in new[] { 1, 1_000, 10_000 })
        {
            for (var shift = 0; shift < 4; shift++)
            {
                var text = new string('x', shift) + string.Concat(Enumerable.Repeat(payload, repeats));
                Assert.Equal(
                    SHA256.HashData(Encoding.UTF8.GetBytes($"orders.placed\n{text}")), Sample.Message(payload: text).PayloadHash.ToArray());
            }
        }
    }
}
