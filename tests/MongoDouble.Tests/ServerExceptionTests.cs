namespace Relaybox.MongoDouble.Tests;

public sealed class ServerExceptionTests
{
    [Fact]
    public void An_error_has_no_labels_unless_it_is_given_some() => Assert.Empty(new ServerException(2, "BadValue", "no").Labels);
}
